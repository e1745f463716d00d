package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
)

func githubVars() map[string]string {
	return map[string]string{"OIDC_AUTHORITY": "https://github.com/login/oauth", "CLIENT_ID": "Iv23liTheApplication", "CLIENT_SECRET": "s3cret-of-the-application"}
}

// TestSignInWithGitHubBegins, although GitHub cannot be reached: it has to be
// asked for nothing.
func TestSignInWithGitHubBegins(t *testing.T) {
	s, err := load(lookupIn(githubVars()), false)
	require.NoError(t, err)
	clock := newTestClock()
	store := memory.New(clock.Now)
	t.Cleanup(func() { _ = store.Close() })
	app, err := wire(s, parts{now: clock.Now, store: store, logger: slog.New(slog.DiscardHandler)})
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

// TestGitHubTakesNoCertificateAndNoFormPost, and nothing else that it does not
// have; the start says so by the variable's name.
func TestGitHubTakesNoCertificateAndNoFormPost(t *testing.T) {
	_, both := certificate(t)
	for name, change := range map[string]map[string]string{
		"RESPONSE_MODE":                          {"RESPONSE_MODE": "form_post", "REDIRECT_URI": "https://app.example.com/getAToken"},
		"OIDC_AUTHORITY is not the exact issuer": {"OIDC_AUTHORITY": "https://GitHub.com/"},
		"ID_TOKEN_SIGNED_RESPONSE_ALG":           {"ID_TOKEN_SIGNED_RESPONSE_ALG": "RS256"},
		"CLIENT_SECRET":                          {"CLIENT_SECRET": "", "CLIENT_CERTIFICATE_FILE": inFile(t, both)},
	} {
		vars := githubVars()
		for variable, value := range change {
			vars[variable] = value
		}
		_, err := load(lookupIn(vars), false)
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), name)
	}
}

// TestDoctorOfGitHub looks at the way to it, and not for what it does not have.
func TestDoctorOfGitHub(t *testing.T) {
	github := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(github.Close)
	transport := github.Client().Transport.(*http.Transport).Clone()
	transport.Proxy, transport.TLSClientConfig.ServerName = nil, "example.com"
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, github.Listener.Addr().String())
	}
	t.Cleanup(transport.CloseIdleConnections)
	s, found := examined(lookupIn(githubVars()), false)
	var out bytes.Buffer
	require.NoError(t, examine(t.Context(), s.doctorConfig(found, nil, surroundings{
		transport:  transport,
		lookupHost: func(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil },
	}), false, &out))
	for _, check := range []string{"metadata", "keys", "credential"} {
		assert.Regexp(t, `(?m)^skipped +`+check+` `, out.String())
	}
	assert.Regexp(t, `(?m)^ok +authority-connection `, out.String())
}

// namer notes what each request is for, as metrics and traces are told.
type namer struct{ named []string }

func (n *namer) RoundTrip(r *http.Request) (*http.Response, error) {
	n.named = append(n.named, endpointOf(r.Context()))
	body := `{"access_token":"gho_x","token_type":"bearer","id":1,"login":"octocat"}`
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

func TestCallsOfGitHubHaveNamesInTheMetrics(t *testing.T) {
	s, err := load(lookupIn(githubVars()), false)
	require.NoError(t, err)
	registration, err := s.registration(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	calls := &namer{}
	open, own := s.ownAdapter()
	require.True(t, own)
	provider, err := open(registration, calls, newTestClock().Now)
	require.NoError(t, err)
	begun, err := provider.Begin(t.Context(), ports.AuthorizationRequest{State: "a-state"})
	require.NoError(t, err)
	_, err = provider.Complete(t.Context(), ports.Callback{State: "a-state", Code: "code"}, begun.Secret)
	require.NoError(t, err)
	assert.Equal(t, []string{"token", "userinfo"}, calls.named)
}
