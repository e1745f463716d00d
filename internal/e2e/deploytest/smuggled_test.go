//go:build integration

package deploytest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// claims returns the headers about a person as an application may read them: CGI and
// WSGI do not distinguish "-" from "_", nor upper from lower case, and PHP does not
// distinguish "." from "_" either.
func claims(r *http.Request) map[string][]string {
	found := map[string][]string{}
	for name, values := range r.Header {
		if plain := strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name)); strings.HasPrefix(plain, "x-auth-request-") {
			found[plain] = append(found[plain], values...)
		}
	}
	return found
}

// signed sends a GET with these header lines and the person's cookies.
func (p *person) signed(target, lines string) (reply, error) {
	return p.raw("GET " + target + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(p.s.origin, "https://") + "\r\nCookie: " + p.cookies() + "\r\n" + lines + "\r\n")
}

// The application gets the six headers of webapp, or none that has a value, whatever
// the client sends. Adele has no role and no group.
func TestSmuggledHeadersDoNotReachTheApplication(t *testing.T) {
	const closing = "Connection: close\r\n"
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		require.Equal(t, http.StatusOK, p.open("/", fakeidp.UserMember).StatusCode)
		g.app.requests()
		clean, err := p.signed("/reports", closing)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, clean.StatusCode)
		want := claims(g.app.only(t))
		require.NotEmpty(t, want["x-auth-request-user"])
		require.Empty(t, strings.Join(want["x-auth-request-roles"], ""), "the header that is absent or empty")

		for _, name := range []string{"User", "Name", "Preferred-Username", "Roles", "Groups", "Groups-Complete", "Email", "Access-Token"} {
			forged := "X-Auth-Request-" + name
			for what, lines := range map[string]string{
				"sent":                  forged + ": Admin\r\n",
				"doubled":               forged + ": Admin\r\n" + forged + ": Admin\r\n",
				"lower case":            strings.ToLower(forged) + ": Admin\r\n",
				"upper case":            strings.ToUpper(forged) + ": Admin\r\n",
				"underscores":           strings.ReplaceAll(forged, "-", "_") + ": Admin\r\n",
				"lower case underscore": strings.ToLower(strings.ReplaceAll(forged, "-", "_")) + ": Admin\r\n",
				"one underscore":        "X_Auth-Request-" + name + ": Admin\r\n",
				"another underscore":    "X-Auth_Request-" + name + ": Admin\r\n",
				"the last underscore":   "X-Auth-Request_" + name + ": Admin\r\n",
				"dots":                  strings.ReplaceAll(forged, "-", ".") + ": Admin\r\n",
				"one dot":               "x.auth-request-" + name + ": Admin\r\n",
				"another dot":           "X-Auth.Request-" + name + ": Admin\r\n",
				"the last dot":          "X-Auth-Request." + name + ": Admin\r\n",
				"a dot, an underscore":  "X-Auth_Request." + name + ": Admin\r\n",
				"an underscore, a dot":  "X-Auth.Request_" + name + ": Admin\r\n",
				"an underscore behind":  "X-Auth-Request-" + strings.ReplaceAll(name, "-", "_") + ": Admin\r\n",
				"both":                  forged + ": Admin\r\n" + strings.ReplaceAll(forged, "-", "_") + ": Admin\r\n",
				"empty, then a value":   forged + ":\r\n" + forged + ": Admin\r\n",
				"a space before colon":  forged + " : Admin\r\n",
				"folded":                "X-Other: x\r\n " + forged + ": Admin\r\n",
				"in Connection":         "Connection: " + forged + "\r\n",
				"in Connection, twice":  "Connection: keep-alive\r\nConnection: " + forged + "\r\n" + forged + ": Admin\r\n",
				"in a list":             "Connection: close, " + strings.ToLower(forged) + ", Cookie\r\n",
			} {
				if !strings.Contains(lines, "Connection:") {
					lines += closing
				}
				r, err := p.signed("/reports", lines)
				seen := g.app.requests()
				if err != nil || r.StatusCode == http.StatusBadRequest {
					assert.Empty(t, seen, "%s %s", forged, what)
					continue
				}
				require.Len(t, seen, 1, "%s %s: %d", forged, what, r.StatusCode)
				assert.Equal(t, want, claims(seen[0]), "%s %s", forged, what)
			}
		}
		r, err := p.signed("/admin", "X-Auth-Request-Roles: Admin\r\n"+closing)
		require.NoError(t, err)
		assert.Equal(t, http.StatusForbidden, r.StatusCode, "a claimed role opens nothing")
		anonymous := g.visitor("127.0.0.3")
		r, err = anonymous.signed("/reports", "X-Auth-Request-User: tid:1%20oid:2\r\nX_Auth_Request_User: tid:1%20oid:2\r\n"+closing)
		require.NoError(t, err)
		assert.Equal(t, http.StatusUnauthorized, r.StatusCode, "nor does a claimed name")
		assert.Empty(t, g.app.requests())
	})
}

// The headers about the client's address, the request's ID and its trace are the
// proxy's, for webapp and for the application.
func TestForwardedHeadersOfClientsAreReplaced(t *testing.T) {
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		require.Equal(t, http.StatusOK, p.open("/", fakeidp.UserMember).StatusCode)
		g.app.requests()
		r := p.get("/reports", "X-Forwarded-For", "203.0.113.7", "Forwarded", "for=203.0.113.7", "X-Request-Id", "forged", "X-Forwarded-Proto", "http",
			"X-Forwarded-Host", "evil.example", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		assert.Equal(t, http.StatusOK, r.StatusCode)
		seen := g.app.only(t)
		assert.Equal(t, []string{"127.0.0.2"}, seen.Header.Values("X-Forwarded-For"))
		assert.Equal(t, []string{"https"}, seen.Header.Values("X-Forwarded-Proto"))
		assert.Equal(t, []string{strings.TrimPrefix(g.origin, "https://")}, seen.Header.Values("X-Forwarded-Host"))
		assert.Empty(t, seen.Header.Values("Forwarded"))
		g.apps[0].Stop()
		assert.Contains(t, g.apps[0].Output(), `"path":"/_signin/verify"`)
		assert.NotContains(t, g.apps[0].Output(), "203.0.113.7")
		assert.NotContains(t, g.apps[0].Output(), "forged")
		assert.NotContains(t, g.apps[0].Output(), `"client":"127.0.0.1"`+`,"err"`)
	})
}

// The application gets its own cookies and none of webapp's.
func TestTheApplicationGetsNoCookieOfWebapp(t *testing.T) {
	behindEachProxy(t, nil, func(t *testing.T, g *guarded) {
		p := g.visitor("127.0.0.2")
		require.Equal(t, http.StatusOK, p.open("/", fakeidp.UserMember).StatusCode)
		for range 6 {
			require.Equal(t, http.StatusSeeOther, p.get("/_signin/login").StatusCode)
		}
		ours := strings.Split(p.cookies(), "; ")
		require.GreaterOrEqual(t, len(ours), 8)
		all := strings.Join(ours, "; ")
		for i, c := range []struct{ cookie, kept string }{
			{all, ""},
			{"a=1; " + all, "a=1"},
			{all + "; a=1", "a=1"},
			{"a=1; " + all + "; b=2", "a=1 b=2"},
			{ours[0] + "; a=1; " + ours[1] + "; b=2; " + ours[2] + "; c=3; " + strings.Join(ours[3:], "; "), "a=1 b=2 c=3"},
			{all + ";a=1;b=2", "a=1 b=2"},
			{"a=1\r\nCookie: " + all + "\r\nCookie: b=2", "a=1 b=2"},
			{strings.Join(ours, "; a=1; "), "any"}, // more groups than nginx removes
		} {
			g.app.requests()
			r, err := p.raw("GET /x HTTP/1.1\r\nHost: " + strings.TrimPrefix(g.origin, "https://") + "\r\nConnection: close\r\nCookie: " + c.cookie + "\r\n\r\n")
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, r.StatusCode, "case %d", i)
			seen := g.app.only(t)
			assert.NotContains(t, fmt.Sprint(seen.Header), "webapp_", "case %d", i)
			var kept []string
			for _, one := range seen.Cookies() {
				kept = append(kept, one.Name+"="+one.Value)
			}
			if c.kept != "any" {
				assert.Equal(t, c.kept, strings.Join(kept, " "), "case %d", i)
			}
		}
		g.app.requests()
		require.Equal(t, http.StatusOK, p.get("/x").StatusCode, "by HTTP/2")
		assert.NotContains(t, fmt.Sprint(g.app.only(t).Header), "webapp_")
	})
}
