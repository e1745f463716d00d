package fakeidp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/clientauth"
)

func TestAnIndependentRelyingPartySignsPeopleIn(t *testing.T) {
	rp := newParty(t, start(t), "contoso.example")
	token, claims := rp.signIn(fakeidp.UserMember)

	assert.Equal(t, fakeidp.ContosoTenantID, claims["tid"])
	assert.Equal(t, "Adele Vance", claims["name"])
	assert.Equal(t, fakeidp.UserMember, claims["preferred_username"])
	assert.Equal(t, "2.0", claims["ver"])
	assert.EqualValues(t, 0, claims["acct"])
	for _, name := range []string{"oid", "sub", "sid", "login_hint", "nbf", "groups"} {
		assert.NotEmpty(t, claims[name], name)
	}
	for _, name := range []string{"roles", "auth_time", "acrs", "acr"} {
		assert.NotContains(t, claims, name)
	}
	assert.NotContains(t, claims, "at_hash")
	assert.Equal(t, "openid profile User.Read", token.Extra("scope"))
	assert.NotEmpty(t, token.RefreshToken)

	response := get(t, rp.idp.BaseURL()+"/v1.0/me", token.AccessToken)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	var me map[string]any
	require.NoError(t, json.Unmarshal(body, &me))
	assert.Equal(t, "Adele Vance", me["displayName"])
	assert.Equal(t, claims["oid"], me["id"])
}

// Entra ignores the letter case of a client ID. Its tokens name the registered one.
func TestLetterCaseOfTheClientIDIsIgnored(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	rp.config.ClientID = strings.ToUpper(fakeidp.DefaultClientID)
	for name, style := range map[string]oauth2.AuthStyle{"in the form": oauth2.AuthStyleInParams, "in the header": oauth2.AuthStyleInHeader} {
		t.Run(name, func(t *testing.T) {
			rp.config.Endpoint.AuthStyle = style
			_, claims := rp.signIn(fakeidp.UserMember)
			assert.Equal(t, fakeidp.DefaultClientID, claims["aud"])
		})
	}
	t.Run("by certificate", func(t *testing.T) {
		cert := testCertificate(t, time.Hour)
		rp.authenticateBy(clientauth.NewCertificates(cert))
		rp.config.Endpoint.AuthStyle = oauth2.AuthStyleInParams
		assert.NotEmpty(t, rp.present(goodDraft(rp, cert).sign(t), jwtBearer)["id_token"])
	})
	t.Run("at sign-out", func(t *testing.T) {
		back := "http://localhost:3000/"
		response := get(t, rp.idp.Authority(fakeidp.ContosoTenantID)+"/oauth2/v2.0/logout?"+url.Values{
			"client_id": {rp.config.ClientID}, "post_logout_redirect_uri": {back},
		}.Encode(), "")
		assert.Equal(t, back, response.Header.Get("Location"))
	})
}

func TestUserInfoCanBeMadeWrong(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	token, claims := rp.signIn(fakeidp.UserMember)
	ask := func() map[string]any { return decode(t, get(t, rp.idp.BaseURL()+"/oidc/userinfo", token.AccessToken)) }
	right := ask()
	assert.Equal(t, claims["sub"], right["sub"])
	rp.idp.MutateUserInfo(func(username string, said map[string]any) { said["sub"], said["who"] = "somebody", username })
	wrong := ask()
	assert.Equal(t, "somebody", wrong["sub"])
	assert.Equal(t, fakeidp.UserMember, wrong["who"])
	rp.idp.MutateUserInfo(nil)
	assert.Equal(t, right, ask())
}
