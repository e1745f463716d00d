package fakeidp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

func TestAnIndependentRelyingPartySignsPeopleIn(t *testing.T) {
	rp := newParty(t, start(t), "contoso.example")
	token, claims := rp.signIn(fakeidp.UserMember)

	assert.Equal(t, fakeidp.ContosoTenantID, claims["tid"])
	assert.Equal(t, "Adele Vance", claims["name"])
	assert.Equal(t, fakeidp.UserMember, claims["preferred_username"])
	assert.Equal(t, "2.0", claims["ver"])
	assert.EqualValues(t, 0, claims["acct"])
	for _, name := range []string{"oid", "sub", "sid", "login_hint", "auth_time", "nbf", "groups"} {
		assert.NotEmpty(t, claims[name], name)
	}
	assert.NotContains(t, claims, "roles")
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
