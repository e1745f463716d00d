package fakeidp_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports/portstest"
	"webapp/internal/test/rsakeys"
)

// start runs a provider for one test.
func start(t *testing.T, configure ...func(*fakeidp.Config)) *fakeidp.Provider {
	t.Helper()
	config := fakeidp.Config{NewKey: rsakeys.Sequence()}
	for _, c := range configure {
		c(&config)
	}
	idp, err := fakeidp.New(config)
	require.NoError(t, err)
	_, err = idp.Start("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = idp.Close() })
	return idp
}

// party is an independent relying party: go-oidc and x/oauth2.
type party struct {
	t        *testing.T
	idp      *fakeidp.Provider
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
	nonce    string
	pkce     string
}

const testRedirect = "http://localhost:3000/getAToken"

func newParty(t *testing.T, idp *fakeidp.Provider, tenant string) *party {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), idp.Issuer(tenant))
	require.NoError(t, err)
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams
	return &party{
		t: t, idp: idp,
		config: oauth2.Config{
			ClientID: fakeidp.DefaultClientID, ClientSecret: fakeidp.DefaultClientSecret, Endpoint: endpoint,
			RedirectURL: testRedirect, Scopes: []string{"openid", "profile", "offline_access", "User.Read"},
		},
		verifier: provider.Verifier(&oidc.Config{ClientID: fakeidp.DefaultClientID}),
		nonce:    "a-nonce",
		pkce:     oauth2.GenerateVerifier(),
	}
}

func (rp *party) authURL(more ...oauth2.AuthCodeOption) string {
	options := append([]oauth2.AuthCodeOption{oidc.Nonce(rp.nonce), oauth2.S256ChallengeOption(rp.pkce)}, more...)
	return rp.config.AuthCodeURL("a-state", options...)
}

// code signs username in and returns the authorization code.
func (rp *party) code(username string, more ...oauth2.AuthCodeOption) string {
	rp.t.Helper()
	answer, err := rp.idp.Authorize(rp.authURL(more...), username)
	require.NoError(rp.t, err)
	require.Empty(rp.t, answer.Values.Get("error"), answer.Values.Get("error_description"))
	require.Equal(rp.t, "a-state", answer.Values.Get("state"))
	return answer.Values.Get("code")
}

func (rp *party) exchange(code string) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(rp.t.Context(), 10*time.Second)
	defer cancel()
	return rp.config.Exchange(ctx, code, oauth2.VerifierOption(rp.pkce))
}

// signIn signs username in and returns the token response and the verified claims.
func (rp *party) signIn(username string, more ...oauth2.AuthCodeOption) (*oauth2.Token, map[string]any) {
	rp.t.Helper()
	token, err := rp.exchange(rp.code(username, more...))
	require.NoError(rp.t, err)
	idToken, err := rp.verifier.Verify(rp.t.Context(), token.Extra("id_token").(string))
	require.NoError(rp.t, err)
	require.Equal(rp.t, rp.nonce, idToken.Nonce)
	claims := make(map[string]any)
	require.NoError(rp.t, idToken.Claims(&claims))
	return token, claims
}

// get requests address with a bearer token.
func get(t *testing.T, address, token string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// with returns address with one query parameter changed. "" removes it.
func with(t *testing.T, address, name, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	query := u.Query()
	query.Set(name, value)
	if value == "" {
		query.Del(name)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func read(t *testing.T, response *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(body)
}

func location(t *testing.T, response *http.Response) *url.URL {
	t.Helper()
	u, err := response.Location()
	require.NoError(t, err, "status %d", response.StatusCode)
	return u
}

func newJar(t *testing.T) http.CookieJar {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return jar
}

// postRaw sends a token request and returns its JSON, with the status under
// "http".
func (rp *party) postRaw(form url.Values, change func(*http.Request)) map[string]any {
	rp.t.Helper()
	request, err := http.NewRequestWithContext(rp.t.Context(), http.MethodPost, rp.config.Endpoint.TokenURL, strings.NewReader(form.Encode()))
	require.NoError(rp.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if change != nil {
		change(request)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(rp.t, err)
	defer func() { _ = response.Body.Close() }()
	answer := make(map[string]any)
	require.NoError(rp.t, json.NewDecoder(response.Body).Decode(&answer))
	answer["http"] = response.StatusCode
	return answer
}

const minute = time.Minute

// newClock starts at the current time, because go-oidc checks expiry by it.
func newClock() *portstest.Clock { return portstest.NewClock(time.Now()) }

// onClock returns a change of the configuration to this clock.
func onClock(clock *portstest.Clock) func(*fakeidp.Config) {
	return func(config *fakeidp.Config) { config.Clock = clock.Now }
}

// payload returns the claims of the ID token as JSON, unverified.
func payload(t *testing.T, token *oauth2.Token) string {
	t.Helper()
	parts := strings.Split(token.Extra("id_token").(string), ".")
	require.Len(t, parts, 3)
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	return string(text)
}
