package github_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/github"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	p := newFakeGitHub(t)
	for name, spoil := range map[string]func(*ports.Registration){
		"no client ID":         func(r *ports.Registration) { r.ClientID = "" },
		"no secret":            func(r *ports.Registration) { r.ClientSecret = nil },
		"relative redirect":    func(r *ports.Registration) { r.RedirectURI = "/getAToken" },
		"malformed redirect":   func(r *ports.Registration) { r.RedirectURI = "https://%zz" },
		"no redirect whatever": func(r *ports.Registration) { r.RedirectURI = "" },
	} {
		r := registration()
		spoil(&r)
		_, err := github.New(r, p, p.clock.Now)
		assert.Error(t, err, name)
	}
	_, err := github.New(registration(), nil, p.clock.Now)
	assert.Error(t, err)
	assert.Empty(t, p.asked)
}

func TestAuthorizationRequest(t *testing.T) {
	p := newFakeGitHub(t)
	begin := func(req ports.AuthorizationRequest) map[string][]string {
		begun, err := p.provider(t).Begin(t.Context(), req)
		require.NoError(t, err)
		return query(t, begun.URL)
	}
	asked := begin(ports.AuthorizationRequest{State: state})
	assert.Len(t, asked["code_challenge"][0], 43)
	delete(asked, "code_challenge")
	assert.Equal(t, map[string][]string{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {redirectURI}, "state": {state},
		"code_challenge_method": {"S256"}, "prompt": {"select_account"},
	}, asked)
	asked = begin(ports.AuthorizationRequest{State: state, Scopes: []string{"read:user", "repo"}, LoginHint: "octocat", Claims: `{"x":1}`, MaxAge: new(time.Minute), ACRValues: []string{"gold"}})
	assert.Equal(t, []string{"read:user repo"}, asked["scope"])
	assert.Equal(t, []string{"octocat"}, asked["login"])
	assert.NotContains(t, asked, "prompt")
	for _, name := range []string{"claims", "max_age", "acr_values"} {
		assert.NotContains(t, asked, name, "GitHub has no ID tokens")
	}
	asked = begin(ports.AuthorizationRequest{State: state, Person: ports.Identity{Subject: "583231", Username: "octocat"}})
	assert.Equal(t, []string{"octocat"}, asked["login"])
	assert.NotContains(t, asked, "prompt")
	assert.Empty(t, p.asked, "a sign-in begins without GitHub")
	for _, bad := range []ports.AuthorizationRequest{{}, {State: state, Scopes: []string{"repo user"}}, {State: state, Scopes: []string{""}}} {
		_, err := p.provider(t).Begin(t.Context(), bad)
		assert.Error(t, err)
	}
}

// The subject is the number of the account, whatever its login and name are.
func TestWhoSignsIn(t *testing.T) {
	p := newFakeGitHub(t)
	in, err := p.signIn(t)
	require.NoError(t, err)
	assert.Equal(t, ports.Identity{Issuer: "https://github.com/login/oauth", Subject: "583231", Name: "The Octocat", Username: "octocat"}, in.Identity)
	assert.Equal(t, ports.Tokens{LoginHint: "octocat"}, in.Tokens)
	assert.NotContains(t, in.Claims, ports.Claim{Name: "email", Value: "octocat@github.example"})

	p.account["login"], p.account["name"] = "renamed", nil
	in, err = p.signIn(t)
	require.NoError(t, err)
	assert.Equal(t, ports.Identity{Issuer: "https://github.com/login/oauth", Subject: "583231", Username: "renamed"}, in.Identity)

	p.account["id"] = int64(9007199254740993) // a float has not that many digits
	in, err = p.signIn(t)
	require.NoError(t, err)
	assert.Equal(t, "9007199254740993", in.Identity.Subject)
}

func TestWhatGoesWhere(t *testing.T) {
	p := newFakeGitHub(t)
	_, err := p.signIn(t)
	require.NoError(t, err)
	require.Len(t, p.asked, 2)
	post, get := p.asked[0], p.asked[1]
	assert.Equal(t, "github.com", post.Host)
	assert.Empty(t, post.Header.Get("Authorization"), "the secret stands in the body alone")
	assert.Equal(t, "authorization_code", post.PostForm.Get("grant_type"))
	assert.Equal(t, "api.github.com", get.Host)
	assert.Empty(t, get.URL.RawQuery)
	assert.True(t, strings.HasPrefix(get.Header.Get("Authorization"), "Bearer gho_"))
	for _, r := range p.asked {
		assert.Equal(t, "webapp", r.Header.Get("User-Agent"))
	}
	assert.Equal(t, []string{"token", "userinfo"}, p.named, "a transport can tell the endpoints")
	assert.Empty(t, providerhttp.EndpointOf(t.Context()))
}

// TestCallbackIsJudgedBeforeTheCodeIsPosted anywhere.
func TestCallbackIsJudgedBeforeTheCodeIsPosted(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(cb *ports.Callback)
		secret func(string) string
	}{
		"host as issuer":      {spoil: func(cb *ports.Callback) { cb.Issuer = "https://github.com" }},
		"code too long":       {spoil: func(cb *ports.Callback) { cb.Code = strings.Repeat("x", 1025) }},
		"error beside a code": {spoil: func(cb *ports.Callback) { cb.Error = "access_denied" }},
		"verifier is short":   {secret: func(s string) string { return s[10:] }},
		"verifier is none":    {secret: func(s string) string { return "!" + s[1:] }},
		"verifier and more":   {secret: func(s string) string { return s[:43] + "!" + s[43:] }},
		"no dot":              {secret: func(s string) string { return strings.TrimSuffix(s, ".") }},
	} {
		p := newFakeGitHub(t)
		provider := p.provider(t)
		begun, err := provider.Begin(t.Context(), ports.AuthorizationRequest{State: state})
		require.NoError(t, err)
		cb := p.approve(t, begun.URL)
		if c.spoil != nil {
			c.spoil(&cb)
		}
		if c.secret != nil {
			begun.Secret = c.secret(begun.Secret)
		}
		_, err = provider.Complete(t.Context(), cb, begun.Secret)
		assert.Error(t, err, name)
		assert.Empty(t, p.asked, name)
	}
}

// Callbacks had no iss until 2026.
func TestIssuerMayBeMissing(t *testing.T) {
	p := newFakeGitHub(t)
	provider := p.provider(t)
	begun, err := provider.Begin(t.Context(), ports.AuthorizationRequest{State: state})
	require.NoError(t, err)
	cb := p.approve(t, begun.URL)
	cb.Issuer = ""
	_, err = provider.Complete(t.Context(), cb, begun.Secret)
	assert.NoError(t, err)
}

// TestTokenLasts: an OAuth app's token names no end, a GitHub App's does.
func TestTokenLasts(t *testing.T) {
	for want, added := range map[time.Duration]map[string]any{
		365 * 24 * time.Hour: {},
		8 * time.Hour:        {"expires_in": 28800, "refresh_token": "ghr_x", "refresh_token_expires_in": 15897600},
	} {
		p := newFakeGitHub(t)
		p.token = added
		in, err := p.signIn(t, "repo")
		require.NoError(t, err)
		require.Len(t, in.Tokens.AccessTokens, 1)
		assert.Equal(t, p.clock.Now().Add(want), in.Tokens.AccessTokens[0].Expires)
		assert.Empty(t, in.Tokens.RefreshToken, "what nobody uses is not kept")
	}
}

// TestSecretIsAskedForAtEachUse, since it may have been replaced.
func TestSecretIsAskedForAtEachUse(t *testing.T) {
	p, r, current := newFakeGitHub(t), registration(), "an-old-secret"
	r.ClientSecret = func(context.Context) string { return current }
	provider, err := github.New(r, p, p.clock.Now)
	require.NoError(t, err)
	for _, replaced := range []bool{false, true} {
		if replaced {
			current = clientSecret
		}
		begun, err := provider.Begin(t.Context(), ports.AuthorizationRequest{State: state})
		require.NoError(t, err)
		_, err = provider.Complete(t.Context(), p.approve(t, begun.URL), begun.Secret)
		assert.Equal(t, replaced, err == nil)
	}
}
