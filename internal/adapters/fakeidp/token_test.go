package fakeidp_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// codeForm returns a valid token request with a new code.
func (rp *party) codeForm() url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {rp.code(fakeidp.UserMember)}, "redirect_uri": {testRedirect},
		"code_verifier": {rp.pkce}, "client_id": {rp.config.ClientID}, "client_secret": {rp.config.ClientSecret},
	}
}

func TestATokenRequestThatIsWrong(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	for name, c := range map[string]struct {
		change func(url.Values)
		code   string
		number float64
		status int
	}{
		"no grant type":          {del("grant_type"), "invalid_request", 900144, 400},
		"unknown grant type":     {set("grant_type", "password"), "unsupported_grant_type", 70003, 400},
		"no code":                {del("code"), "invalid_request", 900144, 400},
		"unknown code":           {set("code", "1.AXwrong"), "invalid_grant", 70000, 400},
		"no verifier":            {del("code_verifier"), "invalid_grant", 501481, 400},
		"another verifier":       {set("code_verifier", "0123456789012345678901234567890123456789012"), "invalid_grant", 501481, 400},
		"another redirect URI":   {set("redirect_uri", "http://localhost:3001/getAToken"), "invalid_grant", 500112, 400},
		"no client":              {del("client_id"), "invalid_request", 900144, 400},
		"unknown client":         {set("client_id", "who"), "unauthorized_client", 700016, 400},
		"no secret":              {del("client_secret"), "invalid_client", 7000218, 401},
		"wrong secret":           {set("client_secret", "wrong"), "invalid_client", 7000215, 401},
		"expired secret":         {set("client_secret", "last year's"), "invalid_client", 7000222, 401},
		"secret and assertion":   {set("client_assertion", "e30.e30."), "invalid_request", 9002313, 400},
		"scopes of two APIs":     {set("scope", "openid User.Read api://orders/Read"), "invalid_scope", 28000, 400},
		"a parameter repeated":   {func(f url.Values) { f.Add("code", "again") }, "invalid_request", 9002313, 400},
		"refresh without token":  {set("grant_type", "refresh_token"), "invalid_request", 900144, 400},
		"credentials, bad scope": {set("grant_type", "client_credentials"), "invalid_scope", 1002012, 400},
	} {
		t.Run(name, func(t *testing.T) {
			client := fakeidp.DefaultClient()
			client.ExpiredSecrets = []string{"last year's"}
			rp.idp.AddClient(client)
			form := rp.codeForm()
			c.change(form)
			answer := rp.postRaw(form, nil)
			assert.Equal(t, c.code, answer["error"])
			assert.Equal(t, []any{c.number}, answer["error_codes"])
			assert.Equal(t, c.status, answer["http"])
			for _, member := range []string{"error_description", "timestamp", "trace_id", "correlation_id", "error_uri"} {
				assert.NotEmpty(t, answer[member], member)
			}
		})
	}
}

func set(name, value string) func(url.Values) { return func(f url.Values) { f.Set(name, value) } }
func del(name string) func(url.Values)        { return func(f url.Values) { f.Del(name) } }

func TestClientAuthenticationMethods(t *testing.T) {
	idp := start(t)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	basic := func(id, secret string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret)) }
	}
	form := rp.codeForm()
	form.Del("client_secret")
	assert.NotEmpty(t, rp.postRaw(form, basic(rp.config.ClientID, rp.config.ClientSecret))["id_token"])

	form = rp.codeForm()
	twice := rp.postRaw(form, basic(rp.config.ClientID, rp.config.ClientSecret))
	assert.Equal(t, "invalid_request", twice["error"], "two methods at once")

	client := fakeidp.DefaultClient()
	client.AuthMethods = []string{"client_secret_post"}
	idp.AddClient(client)
	form = rp.codeForm()
	form.Del("client_secret")
	assert.Equal(t, "invalid_client", rp.postRaw(form, basic(rp.config.ClientID, rp.config.ClientSecret))["error"])

	client.Secrets = nil
	idp.AddClient(client)
	assert.Equal(t, []any{700025.0}, rp.postRaw(rp.codeForm(), nil)["error_codes"], "a public client with a secret")
	form = rp.codeForm()
	form.Del("client_secret")
	assert.NotEmpty(t, rp.postRaw(form, nil)["id_token"])
}

// proofs is an Authenticator that accepts one assertion.
type proofs struct{ right string }

func (p proofs) Authenticate(_ context.Context, proof fakeidp.Proof) error {
	if proof.Assertion != p.right || proof.Now.IsZero() || len(proof.Audiences) == 0 {
		return errors.New("not the one")
	}
	return nil
}

func TestAClientProvesItselfByAssertion(t *testing.T) {
	idp := start(t)
	client := fakeidp.DefaultClient()
	client.Secrets, client.Authenticator = nil, proofs{right: "an assertion"}
	idp.AddClient(client)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	form := rp.codeForm()
	form.Del("client_secret")
	form.Set("client_assertion", "another")
	assert.Equal(t, []any{700027.0}, rp.postRaw(form, nil)["error_codes"])
	form.Set("client_assertion", "an assertion")
	assert.NotEmpty(t, rp.postRaw(form, nil)["id_token"])
}

func TestACodeIsRedeemedOnce(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	code := rp.code(fakeidp.UserMember)
	token, err := rp.exchange(code)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, get(t, rp.idp.BaseURL()+"/v1.0/me", token.AccessToken).StatusCode)

	_, err = rp.exchange(code)
	require.ErrorContains(t, err, "AADSTS54005")
	assert.Equal(t, http.StatusUnauthorized, get(t, rp.idp.BaseURL()+"/v1.0/me", token.AccessToken).StatusCode, "what was issued from it is revoked")
	refused := rp.post(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}})
	assert.Equal(t, "invalid_grant", refused["error"])
}

func TestAFailedAttemptSpendsTheCode(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	form := rp.codeForm()
	right := form.Get("code_verifier")
	form.Set("code_verifier", "wrong")
	rp.postRaw(form, nil)
	form.Set("code_verifier", right)
	assert.Equal(t, []any{54005.0}, rp.postRaw(form, nil)["error_codes"])
}

func TestACodeBelongsToOneClientAndTenant(t *testing.T) {
	idp := start(t)
	other := fakeidp.DefaultClient()
	other.ID, other.Secrets = "another-client", []string{"another secret"}
	idp.AddClient(other)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	form := rp.codeForm()
	form.Set("client_id", other.ID)
	form.Set("client_secret", "another secret")
	assert.Equal(t, []any{70000.0}, rp.postRaw(form, nil)["error_codes"])

	rp.config.Endpoint.TokenURL = idp.Authority(fakeidp.FabrikamTenantID) + "/oauth2/v2.0/token"
	assert.Equal(t, []any{700005.0}, rp.postRaw(rp.codeForm(), nil)["error_codes"])
}

func TestCodesAndTokensExpire(t *testing.T) {
	clock := newClock()
	rp := newParty(t, start(t, onClock(clock)), fakeidp.ContosoTenantID)
	code := rp.code(fakeidp.UserMember)
	clock.Advance(10*minute + time.Second)
	_, err := rp.exchange(code)
	require.ErrorContains(t, err, "AADSTS70008")

	token, err := rp.exchange(rp.code(fakeidp.UserMember))
	require.NoError(t, err)
	clock.Advance(60 * minute)
	response := get(t, rp.idp.BaseURL()+"/v1.0/me", token.AccessToken)
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	assert.Contains(t, response.Header.Get("WWW-Authenticate"), `error="invalid_token"`)

	clock.Advance(91 * 24 * 60 * minute)
	late := rp.post(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}})
	assert.Equal(t, []any{700082.0}, late["error_codes"])
	assert.Equal(t, "token_expired", late["suberror"])
}

func TestRefreshTokensRotate(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	token, claims := rp.signIn(fakeidp.UserMember)
	refresh := func(value string) map[string]any {
		return rp.post(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {value}, "scope": {"openid offline_access User.Read"}})
	}
	second := refresh(token.RefreshToken)
	require.Equal(t, http.StatusOK, second["http"], second)
	assert.NotEqual(t, token.RefreshToken, second["refresh_token"])
	idToken, err := rp.verifier.Verify(t.Context(), second["id_token"].(string))
	require.NoError(t, err)
	assert.Equal(t, claims["sub"], idToken.Subject)
	assert.Empty(t, idToken.Nonce)

	reused := refresh(token.RefreshToken)
	assert.Equal(t, "invalid_grant", reused["error"])
	assert.Equal(t, []any{70008.0}, reused["error_codes"])
	third := refresh(second["refresh_token"].(string))
	require.Equal(t, http.StatusOK, third["http"], "the others live on")

	rp.idp.RevokeRefreshTokens()
	assert.Equal(t, []any{50173.0}, refresh(third["refresh_token"].(string))["error_codes"])
}

func TestReuseOfARefreshTokenCanRevokeAll(t *testing.T) {
	rp := newParty(t, start(t, func(c *fakeidp.Config) { c.RevokeOnReuse = true }), fakeidp.ContosoTenantID)
	token, _ := rp.signIn(fakeidp.UserMember)
	form := func(value any) url.Values {
		return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {value.(string)}}
	}
	second := rp.post(form(token.RefreshToken))
	rp.post(form(token.RefreshToken))
	assert.Equal(t, "invalid_grant", rp.post(form(second["refresh_token"]))["error"])
}

func TestTheApplicationGetsATokenOfItsOwn(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	answer := rp.post(url.Values{"grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"}})
	require.Equal(t, http.StatusOK, answer["http"], answer)
	assert.NotEmpty(t, answer["access_token"])
	assert.NotContains(t, answer, "id_token")
	assert.NotContains(t, answer, "refresh_token")
}
