package standalone

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/fakeidp"
)

// lockedBuffer is a bytes.Buffer that several goroutines use.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// running is a provider that Run serves.
type running struct {
	t              *testing.T
	options        Options
	stdout, stderr *lockedBuffer
	rotate         chan os.Signal
	base           string
	client         *http.Client // trusts the certificate authority only, follows no redirect
	stop           func() error
}

// start runs the command for one test. By default it serves plain http.
func start(t *testing.T, change ...func(*Options)) *running {
	t.Helper()
	r := &running{t: t, stdout: &lockedBuffer{}, stderr: &lockedBuffer{}, rotate: make(chan os.Signal)}
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

func TestAnApplicationSignsInWithTheEnv(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "localhost:0", "[::1]:0"} {
		t.Run(addr, func(t *testing.T) {
			listener, err := net.Listen("tcp", addr)
			if err != nil {
				t.Skip("this machine has no address", addr)
			}
			require.NoError(t, listener.Close())
			r := start(t, https, func(o *Options) { o.Addr = addr })
			host, _, _ := net.SplitHostPort(addr)
			authority, err := url.Parse(r.env("AUTHORITY"))
			require.NoError(t, err)
			assert.Equal(t, host, authority.Hostname(), "AUTHORITY has the host of -addr")
			assert.Equal(t, "/"+fakeidp.ContosoTenantID, authority.Path, "and names one tenant")
			p := r.party()
			token, claims := p.signIn(fakeidp.UserAdmin)
			assert.Equal(t, "Megan Bowen", claims["name"])
			assert.Equal(t, "a-nonce", claims["nonce"])
			_, me := r.do(http.MethodGet, "/v1.0/me", "", header("Authorization", "Bearer "+token.AccessToken))
			assert.Contains(t, me, `"displayName":"Megan Bowen"`)
			p.config.RedirectURL = "http://localhost:5001/another/callback"
			p.signIn(fakeidp.UserMember)
		})
	}
}

func TestTheEnvIsAllOfStdout(t *testing.T) {
	r := start(t, https)
	want := "CLIENT_ID=" + fakeidp.DefaultClientID + "\nCLIENT_SECRET=" + fakeidp.DefaultClientSecret + "\n" +
		"AUTHORITY=" + r.base + "/" + fakeidp.ContosoTenantID + "\nREDIRECT_URI=http://localhost:3000/getAToken\n" +
		"# CA certificate: " + filepath.Join(r.options.Dir, certificateFile) + "\n"
	assert.Equal(t, want, r.stdout.String())
	p := r.party()
	callback := p.pick(fakeidp.UserMember)
	r.rotate <- os.Interrupt
	r.fault(`{"endpoint":"token","status":503}`)
	r.fault(`{}`)
	require.NoError(t, r.stop())
	assert.Equal(t, want, r.stdout.String())
	log := r.stderr.String()
	assert.Contains(t, log, "method=POST path=/_faults status=400")
	assert.NotContains(t, log, callback.Query().Get("code"), "the log has no codes")
	assert.NotContains(t, log, "a-state")
}

func TestPlainHTTPMakesNoCertificateAuthority(t *testing.T) {
	r := start(t)
	assert.True(t, strings.HasPrefix(r.env("AUTHORITY"), "http://127.0.0.1:"))
	assert.NotContains(t, r.stdout.String(), "#")
	made, err := os.ReadDir(r.options.Dir)
	require.NoError(t, err)
	assert.Empty(t, made)
	r.party().signIn(fakeidp.UserGuest)
}

func TestOnlyThisMachine(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, o := range []Options{
		{Addr: "0.0.0.0:0"}, {Addr: ":0"}, {Addr: "[::]:0"}, {Addr: "192.0.2.1:0"}, {Addr: "app.example.com:0"}, {Addr: "localhost.evil.example:0"},
		{Addr: "0.0.0.0:0", HTTP: true}, {Addr: ":0", HTTP: true}, {Addr: "[::]:0", HTTP: true}, {Addr: "192.0.2.1:0", HTTP: true}, {Addr: "app.example.com:0", HTTP: true},
		{Addr: "127.0.0.2:0"}, // the certificate is not for this address
	} {
		stdout := &lockedBuffer{}
		o.Dir, o.Stdout, o.Stderr = t.TempDir(), stdout, io.Discard
		require.Error(t, Run(stopped, o), o.Addr)
		assert.Empty(t, stdout.String())
	}
	r := start(t)
	for _, host := range []string{"rebound.example", "localhost.evil.example", "127.0.0.1.evil.example"} {
		for _, path := range []string{"/", "/common/discovery/v2.0/keys", pathFaults} {
			response, _ := r.do(http.MethodGet, path, "", func(request *http.Request) { request.Host = host })
			assert.GreaterOrEqual(t, response.StatusCode, 400, host+path)
		}
	}
}

func TestEachPageSaysThatItIsADemo(t *testing.T) {
	r := start(t)
	p := r.party()
	for name, address := range map[string]string{
		"front": "/", "picker": p.authURL(), "refused": p.authURL(oauth2.SetAuthURLParam("redirect_uri", "https://evil.example/")),
		"missing": "/nowhere", "help": "/error?code=50105", "signed out": "/common/oauth2/v2.0/logout",
		"device": "/common/oauth2/deviceauth",
	} {
		_, page := r.get(address)
		assert.Contains(t, page, "Demo provider, not Microsoft", name)
	}
}

// A client that has read the key set before the rotation accepts the next token.
func TestAKeyRotationDisturbsNoClient(t *testing.T) {
	r := start(t)
	p := r.party()
	keyID := func(token *oauth2.Token) string {
		head, _, _ := strings.Cut(token.Extra("id_token").(string), ".")
		text, err := base64.RawURLEncoding.DecodeString(head)
		require.NoError(t, err)
		var header struct {
			KeyID string `json:"kid"`
		}
		require.NoError(t, json.Unmarshal(text, &header))
		return header.KeyID
	}
	first, _ := p.signIn(fakeidp.UserMember)
	_, before := r.get(r.env("AUTHORITY") + "/discovery/v2.0/keys")
	r.rotate <- os.Interrupt
	require.Eventually(t, func() bool { return strings.Contains(r.stderr.String(), "signing keys are replaced") }, 10*time.Second, time.Millisecond)
	second, _ := p.signIn(fakeidp.UserMember)
	assert.NotEqual(t, keyID(first), keyID(second))
	assert.Contains(t, before, keyID(second))
	_, after := r.get(r.env("AUTHORITY") + "/discovery/v2.0/keys")
	assert.Contains(t, after, keyID(first))
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAnEnvThatCannotBePrintedIsAnError(t *testing.T) {
	require.ErrorIs(t, Run(t.Context(), Options{Addr: "127.0.0.1:0", HTTP: true, Stdout: brokenWriter{}, Stderr: io.Discard}), io.ErrClosedPipe)
}
