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

	"github.com/stretchr/testify/require"
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
