package fakeidp_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/fakeidp"
)

// revoke sends a token to the revocation endpoint and returns the status and the error.
func (rp *party) revoke(form url.Values) (int, map[string]any) {
	rp.t.Helper()
	response, err := http.PostForm(rp.idp.Authority(fakeidp.ContosoTenantID)+"/oauth2/v2.0/revoke", form)
	require.NoError(rp.t, err)
	rp.t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusNotFound {
		return response.StatusCode, nil
	}
	return response.StatusCode, decode(rp.t, response)
}

func (rp *party) revokeForm(token string) url.Values {
	return url.Values{
		"token": {token}, "token_type_hint": {"refresh_token"},
		"client_id": {rp.config.ClientID}, "client_secret": {rp.config.ClientSecret},
	}
}

func revocation(c *fakeidp.Config) { c.Revocation = true }

func TestRevocation(t *testing.T) {
	rp := newParty(t, start(t, revocation), fakeidp.ContosoTenantID)
	first, _ := rp.signIn(fakeidp.UserMember)
	second, _ := rp.signIn(fakeidp.UserMember)
	refresh := func(token *oauth2.Token) error {
		_, err := rp.config.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
		return err
	}
	for range 2 {
		status, _ := rp.revoke(rp.revokeForm(first.RefreshToken))
		assert.Equal(t, http.StatusOK, status)
	}
	me := rp.idp.BaseURL() + "/v1.0/me"
	assert.Equal(t, http.StatusUnauthorized, get(t, me, first.AccessToken).StatusCode)
	require.ErrorContains(t, refresh(first), "invalid_grant")
	assert.Equal(t, http.StatusOK, get(t, me, second.AccessToken).StatusCode)
	require.NoError(t, refresh(second))

	third, _ := rp.signIn(fakeidp.UserMember)
	form := rp.revokeForm(third.AccessToken)
	form.Set("token_type_hint", "another")
	status, _ := rp.revoke(form)
	assert.Equal(t, http.StatusOK, status, "a hint is only a hint")
	require.Error(t, refresh(third))
}

func TestARevocationThatIsWrong(t *testing.T) {
	rp := newParty(t, start(t, revocation), fakeidp.ContosoTenantID)
	token, _ := rp.signIn(fakeidp.UserMember)
	second := fakeidp.DefaultClient()
	second.ID = "0d9a1c52-7b3e-4f60-8a15-c2e4d6f7b801"
	rp.idp.AddClient(second)
	for name, c := range map[string]struct {
		change func(url.Values)
		code   string
		status int
	}{
		"no token":       {del("token"), "invalid_request", 400},
		"two tokens":     {func(f url.Values) { f.Add("token", "again") }, "invalid_request", 400},
		"wrong secret":   {set("client_secret", "wrong"), "invalid_client", 401},
		"no secret":      {del("client_secret"), "invalid_client", 401},
		"another client": {set("client_id", second.ID), "invalid_request", 400},
		"unknown token":  {set("token", "1.AXwrong"), "", 200},
	} {
		form := rp.revokeForm(token.RefreshToken)
		c.change(form)
		status, answer := rp.revoke(form)
		assert.Equal(t, c.status, status, name)
		if c.code != "" {
			assert.Equal(t, c.code, answer["error"], name)
		}
	}
	assert.Equal(t, http.StatusOK, get(t, rp.idp.BaseURL()+"/v1.0/me", token.AccessToken).StatusCode, "nothing is revoked")
}

func TestEntraHasNoRevocation(t *testing.T) {
	for offered, change := range map[bool]func(*fakeidp.Config){true: revocation, false: func(*fakeidp.Config) {}} {
		rp := newParty(t, start(t, change), fakeidp.ContosoTenantID)
		document := decode(t, get(t, rp.idp.Authority(fakeidp.ContosoTenantID)+"/v2.0/.well-known/openid-configuration", ""))
		assert.Equal(t, offered, document["revocation_endpoint"] != nil)
		status, _ := rp.revoke(rp.revokeForm("unknown"))
		assert.Equal(t, offered, status == http.StatusOK)
	}
}
