package github_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/github"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
	"webapp/internal/providerhttp"
)

const (
	clientID     = "Iv23liTheApplication"
	clientSecret = "s3cret-of-the-application"
	redirectURI  = "https://app.example.com/getAToken"
	issSent      = "https://github.com/login/oauth"
	state        = "a-state"
)

// fakeGitHub is github.com and api.github.com with one account, which approves every
// request. Its transport reaches these two hosts and no other.
type fakeGitHub struct {
	t      testing.TB
	server http.RoundTripper
	clock  *portstest.Clock

	mu     sync.Mutex
	codes  map[string]url.Values // authorization requests by code
	tokens map[string]bool
	posts  []url.Values
	asked  []*http.Request
	named  []string // the names of the endpoints that were called
	// account is the API's response about the person. token is added to the response
	// of the token endpoint. instead has handlers that replace those of a path.
	account map[string]any
	token   map[string]any
	instead map[string]http.HandlerFunc
}

func newFakeGitHub(t testing.TB) *fakeGitHub {
	p := &fakeGitHub{
		t: t, clock: portstest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)),
		codes: map[string]url.Values{}, tokens: map[string]bool{}, instead: map[string]http.HandlerFunc{},
		account: map[string]any{"id": 583231, "login": "octocat", "name": "The Octocat", "email": "octocat@github.example", "type": "User"},
		token:   map[string]any{},
	}
	p.server = portstest.Serve(t, p)
	return p
}

// RoundTrip leads GitHub's two names, over https alone, to the server.
func (p *fakeGitHub) RoundTrip(r *http.Request) (*http.Response, error) {
	where := r.URL.Scheme + "://" + r.URL.Host
	if !assert.Contains(p.t, []string{"https://github.com", "https://api.github.com"}, where) {
		return nil, errors.New("somebody else was asked")
	}
	p.mu.Lock()
	p.named = append(p.named, providerhttp.EndpointOf(r.Context()))
	p.mu.Unlock()
	return p.server.RoundTrip(r)
}

func (p *fakeGitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = r.ParseForm()
	p.asked = append(p.asked, r)
	if instead := p.instead[r.URL.Path]; instead != nil {
		instead(w, r)
		return
	}
	switch r.Method + " " + r.Host + r.URL.Path {
	case "POST github.com/login/oauth/access_token":
		answer(w, p.redeem(r))
	case "GET api.github.com/user":
		if !p.tokens[r.Header.Get("Authorization")] {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, p.account)
	default:
		http.NotFound(w, r)
	}
}

// redeem returns what GitHub's token endpoint does, errors with status 200.
func (p *fakeGitHub) redeem(r *http.Request) map[string]any {
	p.posts = append(p.posts, r.PostForm)
	asked, known := p.codes[r.PostForm.Get("code")]
	delete(p.codes, r.PostForm.Get("code"))
	refused := func(code string) map[string]any {
		return map[string]any{"error": code, "error_description": "octocat@github.example may not", "error_uri": "https://docs.github.com"}
	}
	switch {
	case r.Header.Get("Accept") != "application/json" || r.URL.RawQuery != "":
		return refused("not_as_this_application_asks")
	case r.PostForm.Get("client_id") != clientID || r.PostForm.Get("client_secret") != clientSecret:
		return refused("incorrect_client_credentials")
	case !known, oauth2.S256ChallengeFromVerifier(r.PostForm.Get("code_verifier")) != asked.Get("code_challenge"):
		return refused("bad_verification_code")
	case r.PostForm.Get("redirect_uri") != asked.Get("redirect_uri"):
		return refused("redirect_uri_mismatch")
	}
	token := "gho_" + rand.Text()
	p.tokens["Bearer "+token] = true
	said := map[string]any{"access_token": token, "token_type": "bearer", "scope": asked.Get("scope")}
	for name, value := range p.token {
		said[name] = value
	}
	return said
}

func answer(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(what)
}

// approve acts as a person who signs in, and decline as one who does not.
func (p *fakeGitHub) approve(t testing.TB, authorizationURL string) ports.Callback {
	asked := query(t, authorizationURL)
	code := rand.Text()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = asked
	return ports.Callback{State: asked.Get("state"), Code: code, Issuer: issSent}
}

func (p *fakeGitHub) decline(t testing.TB, authorizationURL string) ports.Callback {
	return ports.Callback{
		State: query(t, authorizationURL).Get("state"), Issuer: issSent,
		Error: "access_denied", ErrorDescription: "The user has denied your application access.",
	}
}

// setID makes the API state the account's ID as this JSON value.
func (p *fakeGitHub) setID(value string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.account, "id")
	if value != "" {
		p.account["id"] = json.RawMessage(value)
	}
}

func query(t testing.TB, text string) url.Values {
	u, err := url.Parse(text)
	require.NoError(t, err)
	assert.Equal(t, "https://github.com/login/oauth/authorize", u.Scheme+"://"+u.Host+u.Path)
	return u.Query()
}

func registration() ports.Registration {
	return ports.Registration{ClientID: clientID, RedirectURI: redirectURI, ClientSecret: func(context.Context) string { return clientSecret }}
}

func (p *fakeGitHub) provider(t testing.TB) *github.Provider {
	provider, err := github.New(registration(), p, p.clock.Now)
	require.NoError(t, err)
	return provider
}

// signIn is a whole sign-in.
func (p *fakeGitHub) signIn(t testing.TB, scopes ...string) (ports.SignedIn, error) {
	provider := p.provider(t)
	begun, err := provider.Begin(t.Context(), ports.AuthorizationRequest{State: state, Scopes: scopes})
	require.NoError(t, err)
	return provider.Complete(t.Context(), p.approve(t, begun.URL), begun.Secret)
}

func TestProviderKeepsTheContract(t *testing.T) {
	portstest.IdentityProvider(t, func(t *testing.T) portstest.ProviderHarness {
		p := newFakeGitHub(t)
		return portstest.ProviderHarness{
			New: portstest.NewProvider(github.New), Registration: registration(), Transport: p, Clock: p.clock,
			Approve: p.approve, Decline: p.decline, Subject: p.setID, Scopes: []string{"read:user", "repo"},
			BeginsAlone: true, NoIDTokens: true,
		}
	})
}
