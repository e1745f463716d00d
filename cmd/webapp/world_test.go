package main

import (
	"crypto/tls"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/http/server"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports/portstest"
	"webapp/internal/test/apptest"
	"webapp/internal/test/logtest"
	"webapp/internal/test/rsakeys"
)

// world is the wired program with the demo provider, both over real HTTP, and one clock
// for both.
type world struct {
	t     *testing.T
	idp   *fakeidp.Provider
	clock *portstest.Clock
	// wrongBy is how far clock is ahead of the provider's clock, in nanoseconds.
	wrongBy atomic.Int64
	store   *portstest.FaultyStore
	kept    *recorder
	logs    *logtest.Buffer
	url     string // the application's origin
	tls     *tls.Config
	s       config.Config
	app     application
	more    deps // transport and mounts, for the next restart
	// serving is the current handler. restart replaces it.
	serving atomic.Pointer[http.Handler]
}

// newWorld starts a world. env adds variables to the usual ones or replaces them. An
// AUTHORITY or OIDC_AUTHORITY without a host is on the demo provider, and an ENDPOINT
// without a host too. configure changes the demo provider.
func newWorld(t *testing.T, env map[string]string, configure ...func(*fakeidp.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: newTestClock(), logs: &logtest.Buffer{}}
	theirs := func() time.Time { return w.clock.Now().Add(-time.Duration(w.wrongBy.Load())) }
	idpConfig := fakeidp.Config{Clock: theirs, NewKey: rsakeys.Sequence()}
	for _, c := range configure {
		c(&idpConfig)
	}
	provider, err := fakeidp.New(idpConfig)
	require.NoError(t, err)
	w.idp = provider
	base, err := provider.Start("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = provider.Close() })

	vars := map[string]string{
		"AUTHORITY": provider.Authority(fakeidp.ContosoTenantID),
		"CLIENT_ID": fakeidp.DefaultClientID, "CLIENT_SECRET": fakeidp.DefaultClientSecret,
		"SCOPE": "User.Read", "ENDPOINT": base + "/v1.0/me", "LOG_LEVEL": "debug",
	}
	scheme := "http"
	if env["RESPONSE_MODE"] == "form_post" || strings.HasPrefix(env["REDIRECT_URI"], "https") {
		scheme = "https"
	}
	srv := httptest.NewUnstartedServer(nil)
	w.url = scheme + "://localhost:" + port(srv.Listener.Addr().String())
	vars["REDIRECT_URI"] = w.url + "/getAToken"
	for name, value := range env {
		switch {
		case name == "REDIRECT_URI":
		case name == "AUTHORITY" && value != "" && !strings.Contains(value, "://"):
			vars[name] = provider.Authority(value)
		case name == "OIDC_AUTHORITY" && !strings.Contains(value, "/"):
			vars[name], vars["AUTHORITY"] = provider.Issuer(value), ""
		case name == "ENDPOINT" && strings.HasPrefix(value, "/"):
			vars[name] = base + value
		default:
			vars[name] = value
		}
	}
	w.registerClient(scheme)
	w.start(srv, vars)
	if scheme == "https" {
		srv.StartTLS()
		w.tls = &tls.Config{RootCAs: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return w
}

// registerClient registers the application's https redirect URI. The one for
// http://localhost is registered for every port.
func (w *world) registerClient(scheme string) {
	if scheme != "https" {
		return
	}
	client := fakeidp.DefaultClient()
	client.RedirectURIs = append(client.RedirectURIs, w.url+"/getAToken")
	w.idp.AddClient(client)
}

func (w *world) start(srv *httptest.Server, vars map[string]string) {
	s, err := load(lookupIn(vars), false)
	require.NoError(w.t, err)
	w.s = s
	memoryStore := memory.New(w.clock.Now)
	w.t.Cleanup(func() { _ = memoryStore.Close() })
	w.kept = &recorder{SessionStore: memoryStore}
	w.store = portstest.NewFaultyStore(w.kept)
	w.restart()
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { (*w.serving.Load()).ServeHTTP(rw, r) })
	srv.Config = server.New(handler, slog.New(slog.DiscardHandler), s.Proxies...)
}

// restart starts the program again with the same store. It has no metadata, as after
// every start.
func (w *world) restart() {
	w.t.Helper()
	all := mounts(w.s)
	maps.Copy(all, w.more.mounts)
	app, err := wire(w.s, deps{
		now: w.clock.Now, store: w.store, logger: w.s.Logger(w.logs), transport: w.more.transport, mounts: all,
	})
	require.NoError(w.t, err)
	w.app = app
	w.serving.Store(&app.handler)
}

// load reads the configuration, as run does.
func load(lookup config.Lookup, demo bool) (config.Config, error) {
	return config.Load(lookup, configOptions(demo))
}

func lookupIn(vars map[string]string) config.Lookup {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

func port(address string) string { return address[strings.LastIndex(address, ":")+1:] }

// browser is one person's browser. It keeps cookies and follows no redirect.
type browser struct {
	w      *world
	client *http.Client
	jar    *cookiejar.Jar
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(w.t, err)
	transport := &http.Transport{TLSClientConfig: w.tls}
	w.t.Cleanup(transport.CloseIdleConnections)
	return &browser{w: w, jar: jar, client: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is a response with its body.
type reply struct {
	*http.Response
	body string
}

func (b *browser) do(method, target string, form url.Values, headers ...string) reply {
	b.w.t.Helper()
	apptest.NeedsPage(b.w.t, strings.TrimPrefix(target, b.w.url))
	if !strings.HasPrefix(target, "http") {
		target = b.w.url + target
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, target, body)
	require.NoError(b.w.t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(req)
	require.NoError(b.w.t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(b.w.t, err)
	return reply{res, string(text)}
}

func (b *browser) get(target string, headers ...string) reply {
	b.w.t.Helper()
	return b.do(http.MethodGet, target, nil, headers...)
}

// begin starts a sign-in and returns the provider's URL.
func (b *browser) begin(path string) string {
	b.w.t.Helper()
	r := b.get(path)
	require.Equal(b.w.t, http.StatusSeeOther, r.StatusCode, r.body)
	return r.Header.Get("Location")
}

// approve signs in at the provider and returns its response.
func (b *browser) approve(location, username string) fakeidp.AuthResponse {
	b.w.t.Helper()
	answer, err := b.w.idp.Authorize(location, username)
	require.NoError(b.w.t, err)
	return answer
}

// signIn signs in and returns the response to the callback.
func (b *browser) signIn(username string) reply {
	b.w.t.Helper()
	return b.callback(b.approve(b.begin("/login"), username))
}

// callback sends the provider's response to the application.
func (b *browser) callback(answer fakeidp.AuthResponse) reply {
	b.w.t.Helper()
	if answer.FormPost {
		return b.do(http.MethodPost, answer.RedirectURI, answer.Values, "Origin", b.w.idp.BaseURL(), "Sec-Fetch-Site", "cross-site")
	}
	return b.get(answer.URL())
}

// mustSignIn signs in and checks the person's name on the home page.
func (b *browser) mustSignIn(username string) {
	b.w.t.Helper()
	r := b.signIn(username)
	require.Equal(b.w.t, http.StatusSeeOther, r.StatusCode, r.body)
	require.Equal(b.w.t, "/", r.Header.Get("Location"))
	require.Contains(b.w.t, b.get("/").body, "Welcome ")
}

func (b *browser) signedIn() bool {
	b.w.t.Helper()
	return strings.Contains(b.get("/").body, "Welcome ")
}

// cookies returns the cookies that the browser sends to the application.
func (b *browser) cookies() []*http.Cookie {
	u, err := url.Parse(b.w.url)
	require.NoError(b.w.t, err)
	return b.jar.Cookies(u)
}

// copy returns another browser with the same cookies, as a thief would have.
func (b *browser) copy() *browser {
	other := b.w.browser()
	u, err := url.Parse(b.w.url)
	require.NoError(b.w.t, err)
	other.jar.SetCookies(u, b.jar.Cookies(u))
	return other
}

// newTestClock returns a clock that only a test advances.
func newTestClock() *portstest.Clock { return portstest.NewClock(time.Now().Truncate(time.Second)) }

// demoVars starts a provider on this machine and returns the variables for it.
func demoVars(t *testing.T) map[string]string {
	t.Helper()
	idp, err := fakeidp.New(fakeidp.Config{NewKey: rsakeys.Sequence()})
	require.NoError(t, err)
	_, err = idp.Start("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = idp.Close() })
	return map[string]string{
		"AUTHORITY": idp.Authority(fakeidp.ContosoTenantID), "CLIENT_ID": fakeidp.DefaultClientID, "CLIENT_SECRET": fakeidp.DefaultClientSecret,
	}
}
