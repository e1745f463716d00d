package standalone

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/test/logtest"
)

// running is a provider that Run serves.
type running struct {
	t              *testing.T
	options        Options
	stdout, stderr *logtest.Buffer
	rotate         chan os.Signal
	base           string
	client         *http.Client // trusts the certificate authority only, follows no redirect
	stop           func() error
}

// start runs the command for one test. By default it serves plain http.
func start(t *testing.T, change ...func(*Options)) *running {
	t.Helper()
	r := &running{t: t, stdout: &logtest.Buffer{}, stderr: &logtest.Buffer{}, rotate: make(chan os.Signal)}
	r.options = Options{Addr: "127.0.0.1:0", HTTP: true, Dir: t.TempDir(), Rotate: r.rotate, Stdout: r.stdout, Stderr: r.stderr}
	for _, c := range change {
		c(&r.options)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	ready, printed := io.Pipe()
	r.options.Stdout = io.MultiWriter(r.stdout, printed)
	go func() {
		err := Run(ctx, r.options)
		_ = printed.CloseWithError(io.EOF)
		ended <- err
	}()
	_, err := ready.Read(make([]byte, 4096))
	if err != nil {
		require.NoError(t, <-ended)
	}
	r.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { assert.NoError(t, r.stop()) })
	authority, err := url.Parse(r.env("AUTHORITY"))
	require.NoError(t, err)
	r.base = authority.Scheme + "://" + authority.Host
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}}
	t.Cleanup(transport.CloseIdleConnections)
	r.client = &http.Client{Transport: transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if !r.options.HTTP {
		certificate, err := os.ReadFile(filepath.Join(r.options.Dir, certificateFile))
		require.NoError(t, err)
		require.True(t, transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(certificate))
	}
	return r
}

func https(o *Options) { o.HTTP = false }

// withConfig writes a configuration file.
func withConfig(t *testing.T, text string) func(*Options) {
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return func(o *Options) { o.ConfigFile = path }
}

// env returns a value of the .env.
func (r *running) env(name string) string {
	r.t.Helper()
	for line := range strings.Lines(r.stdout.String()) {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			return strings.TrimSpace(value)
		}
	}
	require.Fail(r.t, "no "+name, r.stdout.String())
	return ""
}

// do sends a request and returns the response with its body.
func (r *running) do(method, target, body string, change ...func(*http.Request)) (*http.Response, string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.absolute(target), strings.NewReader(body))
	require.NoError(r.t, err)
	for _, c := range change {
		c(request)
	}
	response, err := r.client.Do(request)
	require.NoError(r.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(r.t, err)
	return response, string(text)
}

func (r *running) absolute(target string) string {
	if strings.HasPrefix(target, "/") {
		return r.base + target
	}
	return target
}

func (r *running) get(target string) (*http.Response, string) {
	r.t.Helper()
	return r.do(http.MethodGet, target, "")
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// fault sends a request to /_faults and returns the status and the reason.
func (r *running) fault(body string, change ...func(*http.Request)) (int, string) {
	r.t.Helper()
	response, reason := r.do(http.MethodPost, pathFaults, body, append([]func(*http.Request){header("Content-Type", "application/json")}, change...)...)
	return response.StatusCode, strings.TrimSpace(reason)
}

// party is an application with go-oidc and x/oauth2 that uses the .env.
type party struct {
	*running
	ctx      context.Context
	config   oauth2.Config
	provider *oidc.Provider
	pkce     string
}

func (r *running) party() *party {
	r.t.Helper()
	ctx := oidc.ClientContext(r.t.Context(), r.client)
	provider, err := oidc.NewProvider(ctx, r.env("AUTHORITY")+"/v2.0")
	require.NoError(r.t, err)
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInParams // without it, a failed request is repeated
	return &party{r, ctx, oauth2.Config{
		ClientID: r.env("CLIENT_ID"), ClientSecret: r.env("CLIENT_SECRET"), RedirectURL: r.env("REDIRECT_URI"),
		Endpoint: endpoint, Scopes: []string{"openid", "profile", "offline_access", "User.Read"},
	}, provider, oauth2.GenerateVerifier()}
}

func (p *party) authURL(more ...oauth2.AuthCodeOption) string {
	return p.config.AuthCodeURL("a-state", append(more, oidc.Nonce("a-nonce"), oauth2.S256ChallengeOption(p.pkce))...)
}

// pick opens the account picker, picks an account and returns the callback.
func (p *party) pick(username string) *url.URL {
	p.t.Helper()
	response, page := p.get(p.authURL(oauth2.SetAuthURLParam("prompt", "select_account")))
	require.Equal(p.t, http.StatusOK, response.StatusCode, page)
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(page)
	require.Len(p.t, action, 2, page)
	response, page = p.do(http.MethodPost, html.UnescapeString(action[1]), url.Values{"account": {username}}.Encode(), header("Content-Type", "application/x-www-form-urlencoded"))
	require.Equal(p.t, http.StatusSeeOther, response.StatusCode, page)
	callback, err := response.Location()
	require.NoError(p.t, err)
	return callback
}

// signIn signs in and returns the tokens and the verified claims.
func (p *party) signIn(username string) (*oauth2.Token, map[string]any) {
	p.t.Helper()
	callback := p.pick(username)
	assert.True(p.t, strings.HasPrefix(callback.String(), p.config.RedirectURL+"?"), callback)
	token, err := p.config.Exchange(p.ctx, callback.Query().Get("code"), oauth2.VerifierOption(p.pkce))
	require.NoError(p.t, err)
	verified, err := p.provider.Verifier(&oidc.Config{ClientID: p.config.ClientID}).Verify(p.ctx, token.Extra("id_token").(string))
	require.NoError(p.t, err)
	claims := map[string]any{}
	require.NoError(p.t, verified.Claims(&claims))
	return token, claims
}
