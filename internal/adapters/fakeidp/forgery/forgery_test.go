package forgery_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/forgery"
	"webapp/internal/test/rsakeys"
)

func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range forgery.IDTokens() {
		assert.NotEmpty(t, f.Name)
		assert.False(t, seen[f.Name], "%s stands twice", f.Name)
		assert.NotEmpty(t, f.Rule, f.Name)
		seen[f.Name] = true
	}
	assert.GreaterOrEqual(t, len(seen), 120)
}

// Every forgery must reach the relying party and differ from the valid token. The
// next token must be valid again.
func TestEveryForgeryIsSent(t *testing.T) {
	idp, err := fakeidp.New(fakeidp.Config{NewKey: rsakeys.Sequence()})
	require.NoError(t, err)
	_, err = idp.Start("127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = idp.Close() }()
	good := redeem(t, idp)["id_token"]
	for _, f := range forgery.IDTokens() {
		t.Run(f.Name, func(t *testing.T) {
			var honest fakeidp.TokenDraft
			idp.Mutate(func(d *fakeidp.TokenDraft) {
				honest.Claims, honest.Header = clone(t, d.Claims), clone(t, d.Header)
				f.Forge(d)
			})
			response := redeem(t, idp)
			token, sent := response["id_token"].(string)
			idp.Mutate(nil)
			if sent {
				honestToken, err := idp.Sign(honest)
				require.NoError(t, err)
				assert.NotEqual(t, honestToken, token)
			}
			assert.IsType(t, good, redeem(t, idp)["id_token"])
		})
	}
}

func clone(t *testing.T, members map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(members)
	require.NoError(t, err)
	var copied map[string]any
	require.NoError(t, json.Unmarshal(text, &copied))
	return copied
}

// redeem signs in and returns the token response.
func redeem(t *testing.T, idp *fakeidp.Provider) map[string]any {
	t.Helper()
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636, appendix B
	authority := idp.Authority(fakeidp.ContosoTenantID)
	answer, err := idp.Authorize(authority+"/oauth2/v2.0/authorize?"+url.Values{
		"client_id": {fakeidp.DefaultClientID}, "response_type": {"code"}, "redirect_uri": {"http://localhost:3000/getAToken"},
		"scope": {"openid profile"}, "state": {"a-state"}, "nonce": {"a-nonce"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}.Encode(), fakeidp.UserMember)
	require.NoError(t, err)
	res, err := http.PostForm(authority+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Values.Get("code")}, "redirect_uri": {"http://localhost:3000/getAToken"},
		"client_id": {fakeidp.DefaultClientID}, "client_secret": {fakeidp.DefaultClientSecret}, "code_verifier": {verifier},
	})
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, http.StatusOK, res.StatusCode)
	var response map[string]any
	require.NoError(t, json.NewDecoder(res.Body).Decode(&response))
	return response
}
