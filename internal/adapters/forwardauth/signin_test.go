package forwardauth_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/forwardauth"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/ports"
	"webapp/internal/test/apptest"
	"webapp/internal/test/redirecttest"
)

// at starts the application with another public origin. Its proxies are in
// 192.0.2.0/24, where the requests of httptest come from.
func at(t testing.TB, origin string) *apptest.App {
	return start(t, func(c *webhttp.Config) {
		c.PublicOrigin = origin
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
}

// navigation returns the request of a proxy for a person who opened a page. changed
// replaces headers; nil removes one.
func navigation(changed map[string][]string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/verify", nil)
	r.Header = http.Header{
		"X-Forwarded-Method": {"GET"}, "X-Forwarded-Host": {"app.example"}, "X-Forwarded-Uri": {"/reports?year=2026&q=a%26b"},
		"X-Forwarded-For": {"203.0.113.7"},
		"Accept":          {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
	}
	maps.Copy(r.Header, changed)
	return r
}

func TestANavigationLeadsToTheSignInAndBack(t *testing.T) {
	app := at(t, "https://app.example")
	w := recorderOf(app, navigation(nil))
	assert.Equal(t, http.StatusSeeOther, w.Code)
	assert.Equal(t, "/login?return_to=%2Freports%3Fyear%3D2026%26q%3Da%2526b", w.Header().Get("Location"))
	assert.Empty(t, w.Header().Values("Set-Cookie"))
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	assert.Empty(t, w.Body.String())
}

func TestOnlyANavigationOfThisOriginIsRedirected(t *testing.T) {
	const html = "text/html"
	for name, c := range map[string]struct {
		origin  string
		headers map[string][]string
		status  int
	}{
		"another method":            {"", map[string][]string{"X-Forwarded-Method": {"POST"}}, 401},
		"HEAD":                      {"", map[string][]string{"X-Forwarded-Method": {"HEAD"}}, 401},
		"a method in lower case":    {"", map[string][]string{"X-Forwarded-Method": {"get"}}, 401},
		"no method":                 {"", map[string][]string{"X-Forwarded-Method": nil}, 401},
		"an empty method":           {"", map[string][]string{"X-Forwarded-Method": {""}}, 401},
		"two methods":               {"", map[string][]string{"X-Forwarded-Method": {"GET", "POST"}}, 401},
		"twice the same method":     {"", map[string][]string{"X-Forwarded-Method": {"GET", "GET"}}, 401},
		"a list of methods":         {"", map[string][]string{"X-Forwarded-Method": {"GET, POST"}}, 401},
		"another name of it":        {"", map[string][]string{"X-Forwarded-Method": nil, "X_forwarded_method": {"GET"}, "X-Original-Method": {"GET"}}, 401},
		"another host":              {"", map[string][]string{"X-Forwarded-Host": {"evil.example"}}, 401},
		"another port":              {"", map[string][]string{"X-Forwarded-Host": {"app.example:8443"}}, 401},
		"the other default port":    {"", map[string][]string{"X-Forwarded-Host": {"app.example:80"}}, 401},
		"the default port":          {"", map[string][]string{"X-Forwarded-Host": {"app.example:443"}}, 303},
		"a host in upper case":      {"", map[string][]string{"X-Forwarded-Host": {"App.Example"}}, 303},
		"a dot at the end":          {"", map[string][]string{"X-Forwarded-Host": {"app.example."}}, 401},
		"a host that begins alike":  {"", map[string][]string{"X-Forwarded-Host": {"app.example.evil.example"}}, 401},
		"a user name":               {"", map[string][]string{"X-Forwarded-Host": {"app.example@evil.example"}}, 401},
		"no host":                   {"", map[string][]string{"X-Forwarded-Host": nil}, 401},
		"an empty host":             {"", map[string][]string{"X-Forwarded-Host": {""}}, 401},
		"two hosts":                 {"", map[string][]string{"X-Forwarded-Host": {"app.example", "evil.example"}}, 401},
		"a list of hosts":           {"", map[string][]string{"X-Forwarded-Host": {"app.example, app.example"}}, 401},
		"a long host":               {"", map[string][]string{"X-Forwarded-Host": {strings.Repeat("a", 8<<10)}}, 401},
		"NUL in the host":           {"", map[string][]string{"X-Forwarded-Host": {"app.example\x00"}}, 401},
		"localhost with its port":   {"http://localhost:8080", map[string][]string{"X-Forwarded-Host": {"localhost:8080"}}, 303},
		"localhost without it":      {"http://localhost:8080", map[string][]string{"X-Forwarded-Host": {"localhost"}}, 401},
		"an origin with its port":   {"https://app.example:443", nil, 303},
		"no Accept":                 {"", map[string][]string{"Accept": nil}, 401},
		"an image":                  {"", map[string][]string{"Accept": {"image/avif,image/webp,*/*;q=0.8"}}, 401},
		"a script":                  {"", map[string][]string{"Accept": {"*/*"}}, 401},
		"any text":                  {"", map[string][]string{"Accept": {"text/*"}}, 401},
		"JSON":                      {"", map[string][]string{"Accept": {"application/json, text/plain"}}, 401},
		"text/html is not accepted": {"", map[string][]string{"Accept": {"text/html;q=0, */*"}}, 401},
		"text/html in upper case":   {"", map[string][]string{"Accept": {"TEXT/HTML"}}, 303},
		"text/html at the end":      {"", map[string][]string{"Accept": {"*/*;q=0.1,text/html;level=1;q=0.2"}}, 303},
		"two lines of Accept":       {"", map[string][]string{"Accept": {"image/png", html}}, 303},
		"a type that begins alike":  {"", map[string][]string{"Accept": {"text/html5"}}, 401},
		"Accept without end":        {"", map[string][]string{"Accept": {strings.Repeat("a/b,", 300) + html}}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			origin := "https://app.example"
			if c.origin != "" {
				origin = c.origin
			}
			w := recorderOf(at(t, origin), navigation(c.headers))
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, c.status == http.StatusSeeOther, w.Header().Get("Location") != "")
			assert.Empty(t, w.Header().Values("Set-Cookie"))
		})
	}
}

func TestOnlyATrustedProxyIsRedirected(t *testing.T) {
	app := at(t, "https://app.example")
	for _, peer := range []string{"203.0.113.9:1", "127.0.0.1:1", "[2001:db8::1]:1", "@", ""} {
		r := navigation(nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-For", "192.0.2.1")
		assert.Equal(t, http.StatusUnauthorized, recorderOf(app, r).Code, peer)
	}
	nobody := start(t, func(c *webhttp.Config) { c.PublicOrigin, c.TrustedProxies = "https://app.example", nil })
	assert.Equal(t, http.StatusUnauthorized, recorderOf(nobody, navigation(nil)).Code)
}

// The way back is judged by the rule for return paths.
func TestTheReturnPathIsLocal(t *testing.T) {
	app := at(t, "https://app.example")
	for uri, want := range map[string]string{
		"/":                             "%2F",
		"/reports":                      "%2Freports",
		"/a?b=c&d=e":                    "%2Fa%3Fb%3Dc%26d%3De",
		"/a#b":                          "%2Fa",
		"/a?return_to=//evil.example":   "%2Fa%3Freturn_to%3D%2F%2Fevil.example",
		"":                              "%2F",
		"reports":                       "%2F",
		"//evil.example/":               "%2F",
		`/\evil.example/`:               "%2F",
		"/.//evil.example":              "%2F",
		"https://app.example/reports":   "%2F",
		"https://evil.example/":         "%2F",
		"javascript:alert(1)":           "%2F",
		"/a\r\nSet-Cookie: a=b":         "%2F",
		"/a\x00":                        "%2F",
		"/a\xff":                        "%2F",
		"/login":                        "%2F",
		"/logout":                       "%2F",
		"/getAToken?code=x":             "%2F",
		"/" + strings.Repeat("a", 2000): "%2F",
	} {
		w := recorderOf(app, navigation(map[string][]string{"X-Forwarded-Uri": {uri}}))
		assert.Equal(t, http.StatusSeeOther, w.Code, "%q", uri)
		assert.Equal(t, "/login?return_to="+want, w.Header().Get("Location"), "%q", uri)
	}
	for _, uris := range [][]string{nil, {"/a", "/a"}, {"/a", "//evil.example"}} {
		w := recorderOf(app, navigation(map[string][]string{"X-Forwarded-Uri": uris}))
		assert.Equal(t, "/login?return_to=%2F", w.Header().Get("Location"), "%q", uris)
	}
}

// requireLocal checks that a browser resolves a return path to this origin.
func requireLocal(t *testing.T, returnTo string) {
	t.Helper()
	got, err := redirecttest.Resolve("https://app.example/getAToken", returnTo)
	require.NoError(t, err, "%q", returnTo)
	require.Equal(t, "https://app.example", got.Origin, "%q", returnTo)
}

func TestNoForwardedURILeadsElsewhere(t *testing.T) {
	app := at(t, "https://app.example")
	payloads, err := redirecttest.Payloads()
	require.NoError(t, err)
	for _, p := range payloads {
		w := recorderOf(app, navigation(map[string][]string{"X-Forwarded-Uri": {p.Text}}))
		require.Equal(t, http.StatusSeeOther, w.Code)
		to, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		require.Equal(t, "/login", to.Path)
		requireLocal(t, to.Query().Get("return_to"))
	}
}

// None of the forwarded headers lets somebody in, and none keeps a person out.
func TestForwardedHeadersDecideNothingElse(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{})
	for _, name := range []string{"X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Uri", "X-Forwarded-Proto", "X-Original-Url", "X-Rewrite-Url"} {
		for _, value := range []string{"/healthz", "/static/x", "OPTIONS", "HEAD", "evil.example", "\x01", strings.Repeat("x", 4<<10)} {
			if !strings.Contains(value, "\x01") { // which Go's client does not send
				assert.Equal(t, http.StatusNoContent, verify(t, client, "", name, value, name, value).StatusCode)
			}
			r := navigation(map[string][]string{"Accept": {"*/*"}, name: {value}})
			assert.Equal(t, http.StatusUnauthorized, recorderOf(app, r).Code, "%s %q", name, value)
		}
	}
}

// The browser's headers are copied to the proxy's request.
func TestHeadersOfTheBrowserDoNotMatter(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{})
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
		{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"},
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
		{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "websocket", "Sec-Fetch-Dest", "websocket", "Upgrade", "websocket", "Sec-Websocket-Version", "13"},
		{"Origin", "https://evil.example", "Referer", "https://evil.example/", "Content-Type", "application/json"},
		{"Origin", "null", "X-Forwarded-Method", "POST", "Content-Type", "application/x-www-form-urlencoded"},
		{"Range", "bytes=0-1", "If-None-Match", "*", "If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"},
		{"Authorization", "Bearer of.the.application"},
		{"X-Auth-Request-User", "tid:t1 oid:admin", "X-Auth-Request-Roles", "Root"},
	} {
		r := verify(t, client, "", headers...)
		assert.Equal(t, http.StatusNoContent, r.StatusCode, headers)
		assert.Equal(t, "Admin,Reader", r.Header.Get("X-Auth-Request-Roles"))
		assert.Equal(t, http.StatusUnauthorized, verify(t, app.Anonymous(), "", headers...).StatusCode, headers)
	}
}

// A base path is in front of the handler's path and of the sign-in's.
func TestBelowABasePath(t *testing.T) {
	app := apptest.New(t, func(c *webhttp.Config) {
		proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		config := forwardauth.Config{Origin: "https://app.example", BasePath: "/_signin", Proxies: proxies}
		c.BasePath = config.BasePath
		apptest.WithMount(forwardauth.Path, config.Handler)(c)
	})
	r := navigation(map[string][]string{"X-Forwarded-Uri": {"/"}})
	r.URL.Path = "/_signin/verify"
	w := recorderOf(app, r)
	assert.Equal(t, http.StatusSeeOther, w.Code)
	assert.Equal(t, "/_signin/login?return_to=%2F", w.Header().Get("Location"))
	for _, path := range []string{"/verify", "/_signin/verify/x", "/_signin/_signin/verify"} {
		r := navigation(nil)
		r.URL.Path = path
		assert.Equal(t, http.StatusNotFound, recorderOf(app, r).Code, path)
	}
}
