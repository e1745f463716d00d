//go:build integration

package deploytest

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/servertest"
)

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
			"/_signin/verify", "/_signin/verify?role=Admin", "/_signin/verify/", "/_signin/%76erify", "/_signin//verify",
			"/_signin/verify-admin", "/_signin/VERIFY", "/_signin/verify%2f", "/_signin/verify;x",
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
			"/admin", "/admin/", "/admin/users?role=Admin", "/ADMIN/users", "/%61dmin/users", "//admin/users", "/admin;x=1/users",
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

// Proxies and applications read dot segments in different ways, so that a path which begins
// with /admin for the application would need no role.
func TestPathsWithDotSegmentsAreRefused(t *testing.T) {
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		p.open("/", fakeidp.UserAdmin)
		g.app.requests()
		for _, path := range []string{
			"/admin/../reports", "/admin/x/../../reports", "/admin/%2e%2E/reports", "/admin/..%2freports", "/admin%2F../reports", "/admin/..", "/admin/..?a=1",
			"/x/../admin/users", "/./admin", "/x/..%2fadmin", "/x/..;/admin", "/x/..;a=b/admin", "/x/..%3b/admin", "/x/.%2e%5cadmin", "/x%5c..%5cadmin",
			"/x/..//evil.example", "/.//evil.example",
		} {
			assert.Equal(t, http.StatusBadRequest, p.do(http.MethodGet, path, nil).StatusCode, path)
			assert.Empty(t, g.app.requests(), path)
		}
		for _, path := range []string{"/...", "/.well-known/x", "/a..b/c.", "/x?to=/../y", "/x/..y;z"} {
			assert.Equal(t, http.StatusOK, p.do(http.MethodGet, path, nil).StatusCode, path)
		}
		for _, path := range []string{"/_signin/./verify", "/_signin/x/../verify", "/x/../_signin/verify"} {
			status := p.do(http.MethodGet, path, nil).StatusCode
			assert.Contains(t, []int{http.StatusBadRequest, http.StatusNotFound}, status, path)
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
func TestSignInReturnsToThisOriginOnly(t *testing.T) {
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		for path, back := range map[string]string{
			"//evil.example/x":  "/_signin/",
			"///evil.example":   "/_signin/",
			"/%5cevil.example":  "/%5cevil.example", // a browser decodes no path
			"/x?to=//evil.test": "/x?to=//evil.test",
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

func TestNoRequestPassesAfterASignOut(t *testing.T) {
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
