package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// githubVars returns the variables of a program that uses GitHub. It skips the test
// if the adapter has been removed.
func githubVars(t *testing.T) map[string]string {
	t.Helper()
	if _, known := identityProviders()["https://github.com/login/oauth"]; !known {
		t.Skip("the adapter for GitHub has been removed")
	}
	return map[string]string{"OIDC_AUTHORITY": "https://github.com/login/oauth", "CLIENT_ID": "Iv23liTheApplication", "CLIENT_SECRET": "s3cret-of-the-application", "ALLOWED_SUBJECTS": "583231"}
}

// A sign-in begins although GitHub cannot be reached, because no request is needed.
func TestSignInWithGitHubBegins(t *testing.T) {
	s, err := load(lookupIn(githubVars(t)), false)
	require.NoError(t, err)
	clock := newTestClock()
	store := memory.New(clock.Now)
	t.Cleanup(func() { _ = store.Close() })
	app, err := wire(s, deps{now: clock.Now, store: store, logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	app.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://localhost:3000/login", nil))
	require.Equal(t, http.StatusSeeOther, answer.Code)
	to, err := url.Parse(answer.Header().Get("Location"))
	require.NoError(t, err)
	assert.Equal(t, "https://github.com/login/oauth/authorize", to.Scheme+"://"+to.Host+to.Path)
	asked := to.Query()
	assert.Equal(t, "S256", asked.Get("code_challenge_method"))
	assert.Len(t, asked.Get("code_challenge"), 43)
	assert.Len(t, asked.Get("state"), 43)
	assert.Equal(t, "http://localhost:3000/getAToken", asked.Get("redirect_uri"))
}

func TestNobodyFramesTheFrontChannelOfGitHub(t *testing.T) {
	vars := githubVars(t)
	vars["AUTHORITY"] = ""
	assert.Contains(t, policyOf(t, vars), "frame-ancestors 'none';")
}

// octocat plays github.com and api.github.com over https. It has one account, and each
// code is valid once.
type octocat struct {
	mu    sync.Mutex
	codes map[string]url.Values // authorization requests
	asked []string
}

func newOctocat(t *testing.T) (*octocat, http.RoundTripper) {
	o := &octocat{codes: map[string]url.Values{}}
	server := httptest.NewTLSServer(o)
	t.Cleanup(server.Close)
	return o, transportTo(t, server)
}

// transportTo returns a transport that sends every request to one server.
func transportTo(t *testing.T, server *httptest.Server) *http.Transport {
	transport := server.Client().Transport.(*http.Transport).Clone()
	transport.Proxy, transport.TLSClientConfig.ServerName = nil, "example.com"
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

const octocatsToken = "gho_16C7e42F292c6912E7710c838347Ae178B4a"

func (o *octocat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = r.ParseForm()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	what := r.Method + " " + r.Host + r.URL.Path
	o.asked = append(o.asked, what)
	switch code := r.PostForm.Get("code"); {
	case what == "POST github.com/login/oauth/access_token" && o.codes[code] != nil &&
		oauth2.S256ChallengeFromVerifier(r.PostForm.Get("code_verifier")) == o.codes[code].Get("code_challenge") &&
		r.PostForm.Get("client_secret") == "s3cret-of-the-application":
		delete(o.codes, code)
		_, _ = io.WriteString(w, `{"access_token":"`+octocatsToken+`","scope":"","token_type":"bearer"}`)
	case what == "GET api.github.com/user" && r.Header.Get("Authorization") == "Bearer "+octocatsToken:
		_, _ = io.WriteString(w, `{"login":"octocat","id":583231,"type":"User","name":"The Octocat","email":"octocat@github.example"}`)
	default:
		_, _ = io.WriteString(w, `{"error":"bad_verification_code"}`)
	}
}

// approve acts as a person who approves, and returns the callback.
func (o *octocat) approve(t *testing.T, location string) string {
	to, err := url.Parse(location)
	require.NoError(t, err)
	require.Equal(t, "https://github.com/login/oauth/authorize", to.Scheme+"://"+to.Host+to.Path)
	o.mu.Lock()
	defer o.mu.Unlock()
	code, asked := rand.Text(), to.Query()
	o.codes[code] = asked
	return asked.Get("redirect_uri") + "?" + url.Values{"code": {code}, "state": {asked.Get("state")}, "iss": {"https://github.com/login/oauth"}}.Encode()
}

// A complete sign-in and sign-out. GitHub has no sign-out page.
func TestSignInWithGitHub(t *testing.T) {
	vars := githubVars(t)
	vars["AUTHORITY"], vars["SCOPE"], vars["ENDPOINT"] = "", "", ""
	w := newWorld(t, vars)
	github, transport := newOctocat(t)
	w.more.transport = transport
	w.restart()
	b := w.browser()
	assert.Contains(t, b.get("/").body, `href="/login"`)
	callback := github.approve(t, b.begin("/login?return_to=/sessions"))
	r := b.get(callback)
	require.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
	assert.Equal(t, "/sessions", r.Header.Get("Location"))
	assert.Equal(t, []string{"POST github.com/login/oauth/access_token", "GET api.github.com/user"}, github.asked)
	home := b.get("/").body
	assert.Contains(t, home, "Welcome The Octocat!")
	assert.Contains(t, home, "583231", "the number is the person")
	assert.NotContains(t, home, "github.example", "nobody asked for an address")
	assert.Contains(t, b.get("/sessions").body, "This browser")
	assert.Equal(t, http.StatusOK, b.get("/readyz").StatusCode)

	assert.Equal(t, "/", b.get(callback).Header.Get("Location"), "an old callback goes on quietly")
	assert.Equal(t, http.StatusBadRequest, w.browser().get(callback).StatusCode, "and is nobody else's")
	assert.Len(t, github.asked, 2, "a code is posted once")

	thief := b.copy()
	r = b.do(http.MethodPost, "/logout", url.Values{}, "Origin", w.url, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
	assert.Equal(t, "/", r.Header.Get("Location"))
	assert.Contains(t, b.get("/").body, "signed out")
	assert.False(t, thief.signedIn())
	for _, secret := range []string{octocatsToken, vars["CLIENT_SECRET"], "github.example", "code_verifier"} {
		assert.NotContains(t, w.logs.String(), secret)
		assert.False(t, w.kept.contains(secret), "a token that nobody asked for is not kept")
	}
}

// Everybody can have an account at GitHub, so ALLOWED_SUBJECTS lists who may sign in.
func TestOnlyAllowedSubjectsSignIn(t *testing.T) {
	vars := githubVars(t)
	vars["AUTHORITY"], vars["SCOPE"], vars["ENDPOINT"], vars["SESSION_KEY"] = "", "", "", someKey
	w := newWorld(t, vars)
	github, transport := newOctocat(t)
	w.more.transport = transport
	allow := func(subjects ...string) {
		w.s.AllowedSubjects = subjects
		w.restart()
	}
	allow("5832310", "58323")
	b := w.browser()
	r := b.get(github.approve(t, b.begin("/login")))
	assert.Equal(t, http.StatusForbidden, r.StatusCode)
	assert.Contains(t, r.body, "You do not have access to this application")
	assert.Contains(t, r.body, "ALLOWED_SUBJECTS", "an administrator reads what to do")
	assert.NotContains(t, r.body, "583231")
	assert.False(t, b.signedIn())
	assert.Contains(t, w.logs.String(), `reason="subject not allowed"`)
	assert.Contains(t, w.logs.String(), "sub:583231", "the log says whom to add")

	allow("*")
	b.get(github.approve(t, b.begin("/login")))
	require.True(t, b.signedIn(), "the list is for anybody")
	allow("583231")
	require.True(t, b.signedIn())
	allow("1")
	assert.False(t, b.signedIn(), "nobody stays who has been taken off the list")
	assert.Contains(t, w.logs.String(), `by="no longer admitted"`)
}

// GitHub supports neither certificates nor form_post. The error at the start names the
// variable.
func TestGitHubTakesNoCertificateAndNoFormPost(t *testing.T) {
	_, both := certificate(t)
	for name, change := range map[string]map[string]string{
		"RESPONSE_MODE":                          {"RESPONSE_MODE": "form_post", "REDIRECT_URI": "https://app.example.com/getAToken"},
		"OIDC_AUTHORITY is not the exact issuer": {"OIDC_AUTHORITY": "https://GitHub.com/"},
		"ID_TOKEN_SIGNED_RESPONSE_ALG":           {"ID_TOKEN_SIGNED_RESPONSE_ALG": "RS256"},
		"SIGN_IN_PROMPT":                         {"SIGN_IN_PROMPT": "login"},
		"SIGN_IN_PROMPT is not select_account":   {"SIGN_IN_PROMPT": ""},
		"DOMAIN_HINT":                            {"DOMAIN_HINT": "contoso.com"},
		"CLIENT_SECRET":                          {"CLIENT_SECRET": "", "CLIENT_CERTIFICATE_FILE": inFile(t, both)},
	} {
		vars := githubVars(t)
		for variable, value := range change {
			vars[variable] = value
		}
		_, err := load(lookupIn(vars), false)
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), name)
	}
}

// namer records the name of each request's endpoint, as metrics and traces get it.
type namer struct{ named []string }

func (n *namer) RoundTrip(r *http.Request) (*http.Response, error) {
	n.named = append(n.named, providerhttp.EndpointOf(r.Context()))
	body := `{"access_token":"gho_x","token_type":"bearer","id":1,"login":"octocat"}`
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

func TestCallsOfGitHubHaveNamesInTheMetrics(t *testing.T) {
	s, err := load(lookupIn(githubVars(t)), false)
	require.NoError(t, err)
	registration, err := s.Registration(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	calls := &namer{}
	open, own := identityProviders()[s.OIDCAuthority]
	require.True(t, own)
	provider, err := open(registration, calls, newTestClock().Now)
	require.NoError(t, err)
	begun, err := provider.Begin(t.Context(), ports.AuthorizationRequest{State: "a-state"})
	require.NoError(t, err)
	_, err = provider.Complete(t.Context(), ports.Callback{State: "a-state", Code: "code"}, begun.Secret)
	require.NoError(t, err)
	assert.Equal(t, []string{"token", "userinfo"}, calls.named)
}
