package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/rsakeys"
)

// asked counts the requests to the endpoints of a sign-in.
type asked struct{ token, userInfo int }

func (p *party) asked() asked {
	return asked{p.idp.Requests(fakeidp.EndpointToken), p.idp.Requests(fakeidp.EndpointUserInfo)}
}

// signsIn signs in and requires the person's name from the UserInfo endpoint, and one
// request to each endpoint.
func (p *party) signsIn() {
	p.t.Helper()
	before := p.asked()
	answer := p.b.approve(p.b.begin("/login"), fakeidp.UserMember)
	assert.Equal(p.t, p.s.ResponseMode == "form_post", answer.FormPost)
	r := p.b.callback(answer)
	require.Equal(p.t, http.StatusSeeOther, r.StatusCode, r.body)
	assert.Equal(p.t, "/", r.Header.Get("Location"))
	assert.Contains(p.t, p.b.get("/").body, "Welcome Adele Vance!")
	assert.Equal(p.t, asked{before.token + 1, before.userInfo + 1}, p.asked())
}

// refuses tries to sign in and requires an error page, no session, and this number of
// UserInfo requests. When the provider is right again, the same browser can sign in.
func (p *party) refuses(userInfo int) {
	p.t.Helper()
	before := p.asked()
	answer := p.b.approve(p.b.begin("/login"), fakeidp.UserMember)
	p.store.Calls()
	r := p.b.callback(answer)
	assert.Equal(p.t, http.StatusForbidden, r.StatusCode)
	assert.Contains(p.t, r.Header.Get("Content-Type"), "text/html")
	assert.Contains(p.t, r.body, "could not be verified")
	for _, c := range r.Cookies() {
		assert.Negative(p.t, c.MaxAge, "%s is set", c.Name)
	}
	assert.Equal(p.t, 2, writes(p.store.Calls()), "the mark of the spent state alone is written, and how that ended")
	assert.False(p.t, p.b.signedIn())
	assert.Equal(p.t, asked{before.token + 1, before.userInfo + userInfo}, p.asked())
	p.heal()
	p.signsIn()
}

// claim returns a test whose ID tokens have one changed claim. nil removes the claim.
func claim(name string, change func(value any) any) func(*party) {
	return forged(func(d *fakeidp.TokenDraft) {
		value := change(d.Claims[name])
		if d.Claims[name] = value; value == nil {
			delete(d.Claims, name)
		}
	})
}

func missing(any) any { return nil }

func oneMore(value any) any { return value.(string) + "1" }

// forged returns a test whose ID tokens must be refused before the UserInfo endpoint is
// asked.
func forged(change func(*fakeidp.TokenDraft)) func(*party) {
	return func(p *party) {
		p.forging(change)
		p.refuses(0)
	}
}

func signed(how fakeidp.Signing) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) { d.Signing = how }
}

// basicTests returns the tests of the plan oidcc-client-basic-certification-test-plan,
// and with form_post those of oidcc-client-formpost-basic-certification-test-plan.
func basicTests() []partyTest {
	return []partyTest{
		{"oidcc-client-test", signInAsAskedFor},
		{"oidcc-client-test-invalid-iss", claim("iss", oneMore)},
		{"oidcc-client-test-missing-sub", claim("sub", missing)},
		{"oidcc-client-test-invalid-aud", claim("aud", oneMore)},
		{"oidcc-client-test-missing-iat", claim("iat", missing)},
		{"oidcc-client-test-kid-absent-single-jwks", oneKeyWithoutID},
		{"oidcc-client-test-kid-absent-multiple-jwks", keysWithoutIDs},
		{"oidcc-client-test-idtoken-sig-rs256", signedByRS256},
		{"oidcc-client-test-idtoken-sig-none", forged(signed(fakeidp.SignNone))},
		{"oidcc-client-test-invalid-sig-rs256", forged(signed(fakeidp.SignBroken))},
		{"oidcc-client-test-userinfo-invalid-sub", userInfoOfAnother},
		{"oidcc-client-test-nonce-invalid", claim("nonce", oneMore)},
		{"oidcc-client-test-scope-userinfo-claims", scopeOfTheName},
		{"oidcc-client-test-client-secret-basic", secretInTheHeader},
	}
}

// signInAsAskedFor checks the requests as the suite does.
func signInAsAskedFor(p *party) {
	location := p.b.begin("/login")
	u, err := url.Parse(location)
	require.NoError(p.t, err)
	q := u.Query()
	assert.Equal(p.t, "code", q.Get("response_type"))
	assert.Equal(p.t, fakeidp.DefaultClientID, q.Get("client_id"))
	assert.Equal(p.t, p.url+"/getAToken", q.Get("redirect_uri"))
	assert.Contains(p.t, strings.Fields(q.Get("scope")), "openid")
	assert.Equal(p.t, p.s.ResponseMode, q.Get("response_mode"))
	assert.Equal(p.t, "S256", q.Get("code_challenge_method"))
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		assert.Len(p.t, q.Get(name), 43, name)
	}
	for _, name := range []string{"request", "request_uri", "max_age"} {
		assert.False(p.t, q.Has(name), name)
	}
	p.signsIn()
	posted := p.idp.Log(fakeidp.EndpointToken)[0].Form
	assert.Equal(p.t, "authorization_code", posted.Get("grant_type"))
	assert.Equal(p.t, p.url+"/getAToken", posted.Get("redirect_uri"))
	assert.NotEmpty(p.t, posted.Get("code_verifier"))
}

// withoutKeyIDs removes the key IDs from tokens and from the key set, and adds keys to
// it.
func (p *party) withoutKeyIDs(more ...any) {
	p.forging(func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`{"alg":"RS256","typ":"JWT"}`) })
	p.publishing(func(keys []any) []any {
		keys = append(slices.Clone(keys), more...)
		for _, key := range keys {
			delete(key.(map[string]any), "kid")
		}
		return keys
	})
}

func oneKeyWithoutID(p *party) {
	p.withoutKeyIDs()
	p.signsIn()
}

// keysWithoutIDs: the suite allows both results. Here a token without a key ID is
// refused if several keys fit.
func keysWithoutIDs(p *party) {
	p.withoutKeyIDs(p.jwk(`{"kty":"RSA","use":"sig"}`, rsakeys.Key(1).Public()))
	p.refuses(0)
}

func signedByRS256(p *party) {
	p.describing(func(m map[string]any) { m["id_token_signing_alg_values_supported"] = []string{"RS256"} })
	var header map[string]any
	p.forging(func(d *fakeidp.TokenDraft) { header = d.Header })
	p.signsIn()
	assert.Equal(p.t, "RS256", header["alg"])
}

// OpenID Connect Core 1.0, section 5.3.2.
func userInfoOfAnother(p *party) {
	p.idp.MutateUserInfo(func(_ string, said map[string]any) { said["sub"] = said["sub"].(string) + "invalid" })
	p.refuses(1)
}

// scopeOfTheName: the name belongs to the scope profile, so the application requests
// it.
func scopeOfTheName(p *party) {
	p.signsIn()
	scopes := strings.Fields(p.idp.Log(fakeidp.EndpointAuthorize)[0].Form.Get("scope"))
	assert.Contains(p.t, scopes, "profile")
}

func secretInTheHeader(p *party) {
	client := fakeidp.DefaultClient()
	client.RedirectURIs = append(client.RedirectURIs, p.url+"/getAToken")
	client.AuthMethods = []string{"client_secret_basic"}
	p.idp.AddClient(client)
	p.describing(func(m map[string]any) {
		m["token_endpoint_auth_methods_supported"] = []string{"client_secret_basic"}
	})
	p.signsIn()
	posted := p.idp.Log(fakeidp.EndpointToken)[0]
	assert.True(p.t, strings.HasPrefix(posted.Header.Get("Authorization"), "Basic "))
	assert.False(p.t, posted.Form.Has("client_secret"))
}

// formPostTests returns the tests of form_post alone.
func formPostTests() []partyTest {
	return []partyTest{{"oidcc-client-test-form-post-error", errorByFormPost}}
}

// errorByFormPost: the suite causes the error with max_age=0 and prompt=none, which
// this application never sends. Here the provider sends it unprovoked.
func errorByFormPost(p *party) {
	location := p.b.begin("/login")
	p.idp.Fail(fakeidp.EndpointAuthorize, fakeidp.Fault{Times: 1, Error: &fakeidp.Error{Number: 50058, Code: "login_required"}})
	answer := p.b.approve(location, fakeidp.UserMember)
	require.True(p.t, answer.FormPost)
	require.Equal(p.t, "login_required", answer.Values.Get("error"))
	r := p.b.callback(answer)
	assert.Equal(p.t, http.StatusForbidden, r.StatusCode)
	assert.Contains(p.t, r.body, "sign in again")
	assert.Zero(p.t, p.asked())
	assert.False(p.t, p.b.signedIn())
	p.signsIn()
}
