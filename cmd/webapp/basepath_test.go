package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/domain"
)

// below is the BASE_PATH in these tests.
const below = "/_signin"

// newWorldBelow starts a world below a BASE_PATH. Its callback is outside of it.
func newWorldBelow(t *testing.T, env map[string]string) *world {
	t.Helper()
	vars := map[string]string{"BASE_PATH": below + "/"}
	for name, value := range env {
		vars[name] = value
	}
	w := newWorld(t, vars)
	client := fakeidp.DefaultClient()
	client.RedirectURIs = append(client.RedirectURIs, w.url+"/getAToken")
	client.PostLogoutRedirectURIs = []string{w.url + below + "/"}
	w.idp.AddClient(client)
	return w
}

// signInBelow signs in with a return path and returns where the callback leads.
func (b *browser) signInBelow(returnTo string) string {
	b.w.t.Helper()
	path := below + "/login"
	if returnTo != "" {
		path += "?return_to=" + url.QueryEscape(returnTo)
	}
	r := b.callback(b.approve(b.begin(path), fakeidp.UserMember))
	require.Equal(b.w.t, http.StatusSeeOther, r.StatusCode, r.body)
	return r.Header.Get("Location")
}

// Every route but the callback is below BASE_PATH, and is not found without it: the
// rest of the origin belongs to another application.
func TestRoutesAreBelowTheBasePath(t *testing.T) {
	w := newWorldBelow(t, nil)
	w.more.mounts = map[string]mount{"/api": func(*domain.Service) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(rw, "mount at "+r.URL.Path) })
	}}
	w.restart()
	member := w.browser()
	member.signInBelow("")
	routes := 0
	require.NoError(t, chi.Walk(w.app.handler.(chi.Routes), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if pattern == "/getAToken" {
			return nil
		}
		routes++
		route, under := strings.CutPrefix(pattern, below)
		require.True(t, under, pattern)
		if route == "" || method == http.MethodConnect {
			return nil // the redirect to the home page, or a method without a path
		}
		outside := strings.Replace(route, "*", "x", 1)
		for _, b := range []*browser{w.browser(), member} {
			r := b.do(method, outside, nil)
			assert.Equal(t, http.StatusNotFound, r.StatusCode, method+" "+outside)
			assert.NotEmpty(t, r.Header.Get("Content-Security-Policy"), "the application's own page")
			assert.Empty(t, r.Cookies(), outside)
		}
		return nil
	}))
	assert.Greater(t, routes, 15)
	b := w.browser()
	assert.Equal(t, "ok\n", b.get(below+"/healthz").body)
	assert.Equal(t, "ready\n", b.get(below+"/readyz").body)
	assert.Equal(t, http.StatusOK, b.get(below+"/frontchannel-logout").StatusCode)
	assert.Equal(t, http.StatusBadRequest, b.do(http.MethodPost, below+"/backchannel-logout", url.Values{}).StatusCode)
	assert.Equal(t, http.StatusMethodNotAllowed, b.do(http.MethodPut, below+"/login", nil).StatusCode)
	assert.Equal(t, http.StatusNotFound, b.get(below+"/getAToken").StatusCode, "the callback's path is the one in REDIRECT_URI")
	assert.Equal(t, http.StatusNotFound, b.get(below+"x/healthz").StatusCode)
	assert.Equal(t, http.StatusNotFound, b.get(below+below+"/healthz").StatusCode)
	home := b.get(below)
	assert.Equal(t, http.StatusSeeOther, home.StatusCode)
	assert.Equal(t, below+"/", home.Header.Get("Location"))
	for path, want := range map[string]string{"/api": "mount at /api", "/api/people": "mount at /api/people"} {
		assert.Equal(t, want, b.get(below+path).body, "a mount sees its path without BASE_PATH")
	}
}

// localURLs returns the local URLs in a page's links, forms and files.
func localURLs(page string) (urls []string) {
	for _, m := range regexp.MustCompile(`\s(?:href|src|action|formaction)="(/[^"]*)"`).FindAllStringSubmatch(page, -1) {
		urls = append(urls, m[1])
	}
	return urls
}

func TestPagesLinkBelowTheBasePath(t *testing.T) {
	w := newWorldBelow(t, nil)
	anonymous, admin := w.browser(), w.browser()
	r := admin.callback(admin.approve(admin.begin(below+"/login"), fakeidp.UserAdmin))
	require.Equal(t, below+"/", r.Header.Get("Location"))
	checked := 0
	check := func(r reply) {
		t.Helper()
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
			return
		}
		checked++
		urls := localURLs(r.body)
		require.NotEmpty(t, urls, "%s %s: %s", r.Request.Method, r.Request.URL, r.body)
		for _, link := range urls {
			require.True(t, strings.HasPrefix(link, below+"/"), "%s on %s", link, r.Request.URL)
		}
	}
	paths := []string{"/nowhere", "/getAToken", "/getAToken?code=c&state=s", consentGiven, consentRefused, below + "/?" + strings.Repeat("x=y&", 100)}
	require.NoError(t, chi.Walk(w.app.handler.(chi.Routes), func(_, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		paths = append(paths, strings.Replace(pattern, "*", "none", 1))
		return nil
	}))
	for _, path := range paths {
		for _, b := range []*browser{anonymous, admin} {
			r := b.get(path)
			check(r)
			if to := r.Header.Get("Location"); strings.HasPrefix(to, "/") {
				assert.True(t, strings.HasPrefix(to, below+"/"), path)
			}
			check(b.do(http.MethodPut, path, nil))
			check(b.do(http.MethodPost, path, url.Values{}, "Sec-Fetch-Site", "cross-site"))
		}
	}
	assert.Contains(t, anonymous.get(below+"/sessions?a=1").body, `href="`+below+`/login?return_to=`+url.QueryEscape(below+"/sessions?a=1")+`"`)
	long := anonymous.get(below + "/sessions?x=" + strings.Repeat("x", domain.MaxReturnPath))
	assert.Contains(t, long.body, `<a class="button wide" href="`+below+`/login">`)
	assert.NotContains(t, long.body, "<code>"+below, "the page says that the sign-in cannot return to this address")
	style := regexp.MustCompile(`href="([^"]*\.css)"`).FindStringSubmatch(admin.get(below + "/").body)
	assert.Equal(t, http.StatusOK, anonymous.get(style[1]).StatusCode)
	assert.Contains(t, admin.get(below+"/").body, `<a href="`+below+`/" aria-current="page">`)

	w.store.SetDown(true)
	check(admin.get(below + "/"))
	w.store.SetDown(false)
	w.idp.Down()
	w.restart()
	check(anonymous.get(below + "/"))
	failed := anonymous.get(below + "/login?return_to=%2Freports")
	check(failed)
	assert.Contains(t, failed.body, `<a class="button" href="`+below+`/login?return_to=%2Freports">`, "the first link tries again")
	assert.Contains(t, anonymous.get("/getAToken?code=c&state=s").body, `href="`+below+`/login"`, "a sign-in that returns to the home page")
	assert.Greater(t, checked, 60)
}

// After a sign-in the browser returns to any page of the origin, also to one of another
// application, but never to the sign-in, the sign-out or the callback.
func TestReturnPathsWithABasePath(t *testing.T) {
	w := newWorldBelow(t, nil)
	for returnTo, want := range map[string]string{
		"":                                     below + "/",
		"/":                                    "/",
		"/reports?year=2026&q=a%26b&tags=x&y=": "/reports?year=2026&q=a%26b&tags=x&y=",
		"/login":                               "/login", // the other application's
		below + "/sessions":                    below + "/sessions",
		below:                                  below,
		below + "/logout":                      below + "/",
		below + "/login?return_to=/":           below + "/",
		below + "/x/../%6Cogout/":              below + "/",
		"/getAToken?code=c&state=s":            below + "/",
		"https://evil.example/":                below + "/",
		"//evil.example" + below + "/":         below + "/",
		below + "/../..//evil.example":         below + "/",
		below + `/\evil.example`:               below + "/",
		below + "//evil.example":               below + "//evil.example", // a path of this origin
		"/" + strings.Repeat("x", domain.MaxReturnPath): below + "/",
	} {
		assert.Equal(t, want, w.browser().signInBelow(returnTo), returnTo)
	}
}

func TestSignOutReturnsBelowTheBasePath(t *testing.T) {
	w := newWorldBelow(t, nil)
	b := w.browser()
	b.signInBelow("/")
	r := b.do(http.MethodPost, below+"/logout", url.Values{}, "Origin", w.url, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
	to, err := url.Parse(r.Header.Get("Location"))
	require.NoError(t, err)
	assert.Equal(t, w.url+below+"/", to.Query().Get("post_logout_redirect_uri"))
	back := b.get(r.Header.Get("Location"))
	assert.Equal(t, w.url+below+"/", back.Header.Get("Location"), back.body)
	assert.Contains(t, b.get(below+"/").body, "signed out")

	r = b.do(http.MethodPost, below+"/logout", url.Values{})
	assert.Equal(t, below+"/", r.Header.Get("Location"), "with nobody to sign out")
	b.signInBelow("")
	r = b.do(http.MethodPost, below+"/sessions", url.Values{"end": {"others"}})
	assert.Equal(t, below+"/sessions", r.Header.Get("Location"))
}

// The whole origin sends the cookies, because the callback and the protected
// application's requests to the proxy need them.
func TestCookiesOfABasePathAreForTheWholeOrigin(t *testing.T) {
	w := newWorldBelow(t, map[string]string{"REDIRECT_URI": "https"})
	b := w.browser()
	begun := b.get(below + "/login")
	done := b.callback(b.approve(begun.Header.Get("Location"), fakeidp.UserMember))
	gone := b.do(http.MethodPost, below+"/logout", url.Values{})
	for _, r := range []reply{begun, done, gone} {
		require.NotEmpty(t, r.Cookies())
		for _, c := range r.Cookies() {
			assert.Equal(t, "/", c.Path, c.Name)
			assert.True(t, strings.HasPrefix(c.Name, "__Host-"), c.Name)
		}
	}
}

func TestALateCallbackLeadsHomeBelowTheBasePath(t *testing.T) {
	w := newWorldBelow(t, nil)
	b := w.browser()
	answer := b.approve(b.begin(below+"/login?return_to=/reports"), fakeidp.UserMember)
	assert.Equal(t, "/reports", b.callback(answer).Header.Get("Location"))
	assert.Equal(t, below+"/", b.callback(answer).Header.Get("Location"))
}

// Alerts name routes, so the label of a route does not depend on BASE_PATH.
func TestRouteLabelsHaveNoBasePath(t *testing.T) {
	w := newWorldBelow(t, map[string]string{"METRICS_ADDR": "127.0.0.1:0"})
	w.browser().get(below + "/readyz")
	rec := httptest.NewRecorder()
	w.app.telemetry.metrics.NewServer(w.s.Logger(w.logs)).Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	assert.Contains(t, rec.Body.String(), `route="/readyz"`)
	assert.NotContains(t, rec.Body.String(), below)
	assert.Contains(t, w.logs.String(), "path="+below+"/readyz", "the log has the whole path")
}

func TestTheStartPrintsTheBasePath(t *testing.T) {
	for _, demo := range []bool{false, true} {
		vars := map[string]string{"BASE_PATH": below}
		if !demo {
			vars = demoVars(t)
			vars["BASE_PATH"] = below
		}
		c, err := load(lookupIn(vars), demo)
		require.NoError(t, err)
		if demo {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			stop, err := startDemo(&c, listener)
			require.NoError(t, err)
			t.Cleanup(func() { stop(); _ = listener.Close() })
		}
		var out bytes.Buffer
		announce(c, &out, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 3000})
		assert.Contains(t, out.String(), "Open http://localhost:3000"+below+"/ in a browser")
	}
}

func TestVerifyIsBelowTheBasePath(t *testing.T) {
	needForwardAuth(t)
	w := newWorldBelow(t, map[string]string{"FORWARD_AUTH": "true", "TRUSTED_PROXIES": "127.0.0.0/8,::1/128"})
	b := w.browser()
	page := []string{"X-Forwarded-Method", "GET", "X-Forwarded-Host", strings.TrimPrefix(w.url, "http://"), "X-Forwarded-Uri", "/reports?a=1&b=2", "Accept", "text/html"}
	r := b.get(below+"/verify", page...)
	assert.Equal(t, http.StatusSeeOther, r.StatusCode)
	assert.Equal(t, below+"/login?return_to="+url.QueryEscape("/reports?a=1&b=2"), r.Header.Get("Location"))
	assert.Equal(t, http.StatusNotFound, b.get("/verify", page...).StatusCode)
	b.signInBelow("/reports")
	assert.Equal(t, http.StatusNoContent, b.get(below+"/verify", page...).StatusCode)
}
