//go:build integration

package deploytest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/servertest"
)

// protected is an application that knows people only by the headers of its proxy. It
// keeps the requests that it gets, responds with "Hello USER", and echoes lines on
// /ws.
type protected struct {
	*httptest.Server
	mu   sync.Mutex
	seen []*http.Request
}

func newProtected(t *testing.T) *protected {
	t.Helper()
	p := &protected{}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *protected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	p.seen = append(p.seen, r)
	p.mu.Unlock()
	if r.URL.Path != "/ws" {
		_, _ = fmt.Fprintf(w, "Hello %s: %s %s %s", r.Header.Get("X-Auth-Request-User"), r.Method, r.RequestURI, body)
		return
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+r.Header.Get("Upgrade")+"\r\n\r\n")
	for {
		line, err := buffered.ReadString('\n')
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "echo "+line)
	}
}

// requests returns the requests since the last call.
func (p *protected) requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = nil
	return seen
}

// guarded is a site with a protected application behind forward authentication.
type guarded struct {
	*site
	app *protected
}

// behindEachProxy runs a test behind nginx and behind Caddy, with their examples of
// forward authentication. env is added to webapp's environment.
func behindEachProxy(t *testing.T, env map[string]string, test func(*testing.T, *guarded)) {
	for name, start := range map[string]func(g *guarded){
		"nginx": func(g *guarded) {
			g.startNginx("deploy/nginx/forward-auth.conf", [2]string{"127.0.0.1:8080;", g.app.Listener.Addr().String() + ";"})
		},
		"Caddy": func(g *guarded) {
			g.runCaddy("deploy/caddy/forward-auth.Caddyfile", nil,
				[2]string{" 127.0.0.1:3000 {", fmt.Sprintf(" 127.0.0.1:%d {", g.ports[0])},
				[2]string{" 127.0.0.1:8080 {", " " + g.app.Listener.Addr().String() + " {"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			vars := map[string]string{"BASE_PATH": "/_signin", "FORWARD_AUTH": "true", "REDIRECT_URI": "/_signin/callback"}
			maps.Copy(vars, env)
			g := &guarded{newBareSite(t, vars), newProtected(t)}
			start(g)
			g.start(0)
			test(t, g)
		})
	}
}

// asPage is the Accept header of a browser that opens a page.
const asPage = "text/html,application/xhtml+xml,*/*;q=0.8"

// open opens a page and follows redirects, through a sign-in as username if one is
// needed. It returns the page.
func (p *person) open(target, username string) reply {
	p.s.t.Helper()
	for range 10 {
		r := p.get(target, "Accept", asPage)
		if r.StatusCode != http.StatusSeeOther {
			return r
		}
		target = r.Header.Get("Location")
		if !strings.HasPrefix(target, p.s.idp.BaseURL()) {
			continue
		}
		answer, err := p.s.idp.Authorize(target, username)
		require.NoError(p.s.t, err)
		r = p.do(http.MethodPost, answer.RedirectURI, answer.Values, "Origin", p.s.idp.BaseURL(), "Sec-Fetch-Site", "cross-site")
		require.Equal(p.s.t, http.StatusSeeOther, r.StatusCode, r.body)
		target = r.Header.Get("Location")
	}
	require.FailNow(p.s.t, "too many redirects", target)
	return reply{}
}

// only returns the only request that the application got since the last call.
func (p *protected) only(t *testing.T) *http.Request {
	t.Helper()
	seen := p.requests()
	require.Len(t, seen, 1)
	return seen[0]
}

func TestForwardAuthentication(t *testing.T) {
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		const page = "/reports/2026?year=2026&q=a%26b&path=%2Fx%2F..&empty=&tag=1&tag=2"
		sent := p.get(page, "Accept", asPage)
		require.Equal(t, http.StatusSeeOther, sent.StatusCode, sent.body)
		require.Equal(t, "/_signin/login?return_to="+url.QueryEscape(page), sent.Header.Get("Location"))
		assert.Empty(t, sent.Cookies())
		assert.Equal(t, []string{"max-age=31536000"}, sent.Header.Values(hsts))
		assert.Empty(t, g.app.requests(), "the application gets no request of an anonymous visitor")

		r := p.open(page, fakeidp.UserAdmin)
		assert.Equal(t, http.StatusOK, r.StatusCode)
		assert.Equal(t, page, strings.TrimPrefix(r.Request.URL.String(), g.origin), "back to the same page")
		assert.Contains(t, r.body, "GET "+page)
		assert.Equal(t, []string{"max-age=31536000"}, r.Header.Values(hsts))
		seen := g.app.only(t)
		for name, want := range map[string]string{
			"X-Auth-Request-Name": "Megan%20Bowen", "X-Auth-Request-Preferred-Username": "megan.bowen@contoso.example",
			"X-Auth-Request-Roles": "Admin", "X-Auth-Request-Groups-Complete": "true",
			"X-Forwarded-For": "127.0.0.2", "X-Forwarded-Proto": "https", "X-Forwarded-Host": strings.TrimPrefix(g.origin, "https://"),
		} {
			assert.Equal(t, []string{want}, seen.Header.Values(name), name)
		}
		assert.Regexp(t, "^tid:[0-9a-f-]{36}%20oid:[0-9a-f-]{36}$", seen.Header.Get("X-Auth-Request-User"))
		assert.NotEmpty(t, seen.Header.Get("X-Auth-Request-Groups"))

		body := strings.Repeat("b", 200<<10)
		began := time.Now()
		posted := p.do(http.MethodPost, "/save?a=1&b=2", url.Values{"field": {body}})
		assert.Less(t, time.Since(began), patience, "webapp does not wait for the body, which goes to the application")
		assert.Equal(t, http.StatusOK, posted.StatusCode)
		assert.Contains(t, posted.body, "POST /save?a=1&b=2 field="+body, "a larger body than webapp's own pages take")
		assert.Equal(t, http.StatusOK, p.open("/_signin/", "").StatusCode)
		assert.Equal(t, "/_signin/", p.get("/_signin").Header.Get("Location"), "without the proxy's port")
	})
}

// A path that asks for webapp's own check from outside is not found, in any spelling.
func TestVerifyIsNotFoundFromOutside(t *testing.T) {
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		p.open("/", fakeidp.UserAdmin)
		for _, path := range []string{
			"/_signin/verify", "/_signin/verify?role=Admin", "/_signin/verify/", "/_signin/%76erify", "/_signin//verify", "/_signin/./verify",
			"/_signin/x/../verify", "/_signin/verify-admin", "/_signin/VERIFY", "/_signin/verify%2f", "/_signin/verify;x",
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				r := p.do(method, path, nil, "X-Forwarded-Method", "GET", "Accept", asPage)
				assert.Equal(t, http.StatusNotFound, r.StatusCode, method+" "+path)
				assert.Empty(t, r.Header.Get("X-Auth-Request-User"), path)
			}
		}
	})
}

func TestARoleOpensAPartOfTheApplication(t *testing.T) {
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		member, admin := g.visitor("127.0.0.2"), g.visitor("127.0.0.3")
		assert.Equal(t, http.StatusSeeOther, member.get("/admin/users?a=1&b=2", "Accept", asPage).StatusCode, "anonymous")
		assert.Equal(t, http.StatusOK, member.open("/", fakeidp.UserMember).StatusCode)
		assert.Equal(t, http.StatusOK, admin.open("/admin/users?a=1&b=2", fakeidp.UserAdmin).StatusCode)
		g.app.requests()
		for _, path := range []string{
			"/admin", "/admin/", "/admin/users?role=Admin", "/ADMIN/users", "/%61dmin/users", "//admin/users", "/x/../admin/users", "/./admin",
			"/admin;x=1/users", "/x/..%2fadmin",
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				r := member.do(method, path, nil, "Accept", asPage)
				assert.Equal(t, http.StatusForbidden, r.StatusCode, method+" "+path)
				assert.Contains(t, r.body, "may not open this page")
				assert.Equal(t, http.StatusOK, admin.do(method, path, nil).StatusCode, method+" "+path)
				assert.Contains(t, g.app.only(t).Header.Get("X-Auth-Request-Roles"), "Admin", "the application got the administrator's request alone")
			}
		}
	})
}

// Only a person who opens a page is sent to the sign-in. A client cannot change what
// the proxy says about its request.
func TestAnonymousRequestsThatAreNotPages(t *testing.T) {
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		pretend := []string{
			"X-Forwarded-Method", "GET", "X-HTTP-Method-Override", "GET", "X-Method-Override", "GET", "X-HTTP-Method", "GET",
			"X-Original-Method", "GET", "X-Forwarded-Host", strings.TrimPrefix(g.origin, "https://"), "X-Forwarded-Uri", "/public", "X-Original-URL", "/_signin/", "X-Rewrite-URL", "/_signin/",
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, http.MethodHead} {
			r := p.do(method, "/reports", nil, append(pretend, "Accept", asPage)...)
			assert.Equal(t, http.StatusUnauthorized, r.StatusCode, method)
			assert.Empty(t, r.Header.Get("Location"), method)
		}
		for _, accept := range []string{"application/json", "*/*", "image/avif,*/*", ""} {
			r := p.get("/reports", append(pretend, "Accept", accept)...)
			assert.Equal(t, http.StatusUnauthorized, r.StatusCode, accept)
			assert.Equal(t, "no-store", r.Header.Get("Cache-Control"))
		}
		r := p.do(http.MethodPost, "/reports", url.Values{"a": {"b"}}, "Accept", asPage)
		assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
		assert.Contains(t, r.body, "not signed in")
		r = p.get("/reports?a=1&b=2", append(pretend, "Accept", asPage)...)
		assert.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
		assert.Equal(t, "/_signin/login?return_to="+url.QueryEscape("/reports?a=1&b=2"), r.Header.Get("Location"))
		assert.Empty(t, g.app.requests())
	})
}

// The way back is a path of this origin, whatever the address or a header says.
func TestNoForeignWayBack(t *testing.T) {
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		for path, back := range map[string]string{
			"//evil.example/x":             "/_signin/",
			"///evil.example":              "/_signin/",
			"/x/..//evil.example":          "/_signin/",
			"/.//evil.example":             "/_signin/",
			"/%5cevil.example":             "/%5cevil.example", // a browser decodes no path
			"/_signin/../x?to=//evil.test": "/_signin/../x?to=//evil.test",
		} {
			r := p.rawGet(path)
			require.Equal(t, http.StatusSeeOther, r.StatusCode, path)
			assert.Equal(t, "/_signin/login?return_to="+url.QueryEscape(back), r.Header.Get("Location"), path)
		}
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Server", "X-Original-Host", "Forwarded"} {
			value := "evil.example"
			if name == "Forwarded" {
				value = "host=evil.example;proto=http"
			}
			r := p.get("/reports", name, value, "Accept", asPage)
			assert.Equal(t, http.StatusSeeOther, r.StatusCode, name)
			assert.Equal(t, "/_signin/login?return_to=%2Freports", r.Header.Get("Location"), name)
		}
		foreign, err := p.tryHost("evil.example", "/reports")
		if err == nil {
			assert.Empty(t, foreign.Header.Get("Location"))
			assert.NotEqual(t, http.StatusSeeOther, foreign.StatusCode)
		}
		assert.Empty(t, g.app.requests())
	})
}

// rawGet sends a GET with exactly this target.
func (p *person) rawGet(target string) reply {
	p.s.t.Helper()
	r, err := p.raw("GET " + target + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(p.s.origin, "https://") + "\r\nAccept: " + asPage + "\r\nConnection: close\r\n\r\n")
	require.NoError(p.s.t, err)
	return r
}

// tryHost sends a GET with another Host header.
func (p *person) tryHost(host, target string) (reply, error) {
	return p.raw("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nAccept: " + asPage + "\r\nConnection: close\r\n\r\n")
}

// raw sends bytes to the proxy by HTTP/1.1 and returns its first response.
func (p *person) raw(request string) (reply, error) {
	conn := p.connect()
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, request); err != nil {
		return reply{}, err
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return reply{res, string(body)}, err
}

// connect opens a TLS connection to the proxy from this person's address.
func (p *person) connect() net.Conn {
	p.s.t.Helper()
	conn, err := p.client.Transport.(*http.Transport).DialContext(p.s.t.Context(), "tcp", p.s.tlsAddr)
	require.NoError(p.s.t, err)
	secured := tls.Client(conn, &tls.Config{RootCAs: p.s.ca.pool(), ServerName: "localhost", NextProtos: []string{"http/1.1"}})
	require.NoError(p.s.t, secured.Handshake())
	return secured
}

// cookies returns this person's Cookie header.
func (p *person) cookies() string {
	u, err := url.Parse(p.s.origin)
	require.NoError(p.s.t, err)
	var pairs []string
	for _, c := range p.client.Jar.Cookies(u) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

func TestSignOutClosesTheDoor(t *testing.T) {
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		require.Equal(t, http.StatusOK, p.open("/reports", fakeidp.UserMember).StatusCode)
		kept := p.cookies()
		out := p.do(http.MethodPost, "/_signin/logout", url.Values{}, "Origin", g.origin, "Sec-Fetch-Site", "same-origin")
		require.Equal(t, http.StatusSeeOther, out.StatusCode, out.body)
		assert.Contains(t, out.Header.Get("Location"), url.QueryEscape(g.origin+"/_signin/"))
		g.app.requests()
		thief := g.visitor("127.0.0.3")
		assert.Equal(t, http.StatusUnauthorized, thief.get("/reports", "Cookie", kept).StatusCode, "at the next request")
		assert.Equal(t, http.StatusUnauthorized, p.get("/reports").StatusCode)
		assert.Equal(t, http.StatusSeeOther, p.get("/reports", "Accept", asPage).StatusCode)
		assert.Empty(t, g.app.requests())
	})
}

// A store that is down opens nothing, signs nobody out, and heals by itself.
func TestForwardAuthenticationWithoutAStore(t *testing.T) {
	store := servertest.StartRedis(t)
	behindEachProxy(t, map[string]string{"SESSION_STORE": "redis://" + store.Addr}, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		require.Equal(t, http.StatusOK, p.open("/reports", fakeidp.UserAdmin).StatusCode)
		g.app.requests()
		store.Kill()
		for _, path := range []string{"/reports", "/admin"} {
			r := p.get(path, "Accept", asPage)
			assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, path)
			assert.Equal(t, "5", r.Header.Get("Retry-After"))
			assert.Equal(t, []string{"no-store"}, r.Header.Values("Cache-Control"))
			assert.Equal(t, []string{"max-age=31536000"}, r.Header.Values(hsts))
			assert.Contains(t, r.body, "try again")
			assert.Empty(t, r.Cookies(), "nobody is signed out")
		}
		assert.Empty(t, g.app.requests(), "nothing opens")
		store.Restart()
		require.Eventually(t, func() bool { return p.get("/reports").StatusCode == http.StatusOK }, patience, patience/100)
		g.app.requests()
		g.apps[0].Stop()
		r := p.get("/reports", "Accept", asPage)
		assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, "webapp itself is down")
		assert.Equal(t, []string{"max-age=31536000"}, r.Header.Values(hsts))
		assert.Empty(t, g.app.requests())
	})
}

func TestForwardAuthenticationWithoutAProvider(t *testing.T) {
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p, other := g.visitor("127.0.0.2"), g.visitor("127.0.0.3")
		require.Equal(t, http.StatusOK, p.open("/reports", fakeidp.UserMember).StatusCode)
		g.idp.Down()
		assert.Equal(t, http.StatusOK, p.get("/reports").StatusCode, "signed-in people go on working")
		assert.Equal(t, http.StatusUnauthorized, other.get("/reports").StatusCode)
		g.app.requests()
		begun := other.get("/reports", "Accept", asPage)
		assert.Equal(t, http.StatusSeeOther, begun.StatusCode)
		assert.Empty(t, g.app.requests())
		home := other.get("/_signin/", "Accept", asPage)
		assert.Equal(t, http.StatusOK, home.StatusCode)
		assert.Contains(t, home.body, `<html lang=`)
	})
}

// upgrade sends a request that asks for an upgrade and returns the connection after
// its response.
func (p *person) upgrade(headers string) (net.Conn, *bufio.Reader, *http.Response) {
	p.s.t.Helper()
	conn := p.connect()
	p.s.t.Cleanup(func() { _ = conn.Close() })
	_, err := io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: "+strings.TrimPrefix(p.s.origin, "https://")+"\r\nCookie: "+p.cookies()+"\r\n"+headers+"\r\n")
	require.NoError(p.s.t, err)
	buffered := bufio.NewReader(conn)
	res, err := http.ReadResponse(buffered, nil)
	require.NoError(p.s.t, err)
	return conn, buffered, res
}

func TestWebSocketsOfSignedInPeople(t *testing.T) {
	const websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		_, _, res := p.upgrade(websocket)
		assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
		require.Equal(t, http.StatusOK, p.open("/", fakeidp.UserMember).StatusCode)
		g.app.requests()
		conn, buffered, res := p.upgrade(websocket)
		require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
		_, err := io.WriteString(conn, "hello\n")
		require.NoError(t, err)
		line, err := buffered.ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "echo hello\n", line)
		assert.NotEmpty(t, g.app.only(t).Header.Get("X-Auth-Request-User"))
		_, _, res = p.upgrade(strings.Replace(websocket, "Upgrade\r\n", "Upgrade, X-Auth-Request-User\r\n", 1))
		require.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
		assert.NotEmpty(t, g.app.only(t).Header.Get("X-Auth-Request-User"), "although Connection lists it")
		// Any other upgrade would be a tunnel past the proxy.
		for _, headers := range []string{
			"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
			"Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n",
			"Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n",
			"Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n",
		} {
			_, _, res := p.upgrade(headers)
			for _, seen := range g.app.requests() {
				assert.Contains(t, [][]string{nil, {"websocket"}}, seen.Header.Values("Upgrade"), headers)
			}
			assert.NotContains(t, res.Header.Values("Upgrade"), "h2c", headers)
		}
	})
}
