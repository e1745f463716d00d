package apptest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/test/apptest"
)

// provocation is a request that makes the application respond with a status.
type provocation struct {
	name     string
	status   int
	signedIn bool
	request  request
	before   func(*testing.T, *apptest.App)
}

func provocations() []provocation {
	long, wide := strings.Repeat("x", 29<<10), strings.Repeat("a=b; ", 201)
	return []provocation{
		{"welcome", 200, false, request{path: "/"}, nil},
		{"home", 200, true, request{path: "/"}, nil},
		{"sign-in", 303, false, request{path: "/login"}, nil},
		{"sign-out", 303, true, request{method: "POST", path: "/logout"}, nil},
		{"callback without a state", 400, false, request{path: "/getAToken"}, nil},
		{"a stranger's callback", 400, false, request{path: "/getAToken?state=s&code=c"}, nil},
		{"a late callback", 303, true, request{path: "/getAToken?state=s&code=c"}, nil},
		{"too many parameters", 400, true, request{path: "/?" + strings.Repeat("a&", 101)}, nil},
		{"nobody's page", 401, false, request{path: "/sessions?x=y"}, nil},
		{"another origin", 403, true, request{method: "POST", path: "/logout", header: map[string]string{"Origin": "https://evil.example"}}, nil},
		{"another site's image", 403, false, request{path: "/login", header: map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}}, nil},
		{"without the role", 403, true, request{path: "/admin"}, nil},
		{"nowhere", 404, false, request{path: "/nowhere"}, nil},
		{"nowhere, signed in", 404, true, request{path: "/nowhere/at/all"}, nil},
		{"nowhere, in no way", 404, false, request{method: "BREW", path: "/nowhere"}, nil},
		{"a file of another version", 404, false, request{path: "/static/style.0000000000000000.css"}, nil},
		{"wrong method", 405, false, request{method: "DELETE", path: "/"}, nil},
		{"wrong method in a frame", 405, false, request{method: "POST", path: "/frontchannel-logout"}, nil},
		{"wrong method of a file", 405, false, request{method: "PUT", path: "/static/x"}, nil},
		{"large form", 413, true, request{method: "POST", path: "/sessions", body: strings.Repeat("x", 65<<10)}, nil},
		{"large logout token", 413, false, request{method: "POST", path: "/backchannel-logout", body: strings.Repeat("x", 65<<10)}, nil},
		{"long address", 414, true, request{path: "/?" + long}, nil},
		{"no form", 415, true, request{method: "POST", path: "/sessions", header: map[string]string{"Content-Type": "text/plain"}}, nil},
		{"sign-ins without end", 429, false, request{path: "/login"}, exhaust},
		{"many cookies", 431, false, request{path: "/", header: map[string]string{"Cookie": wide}}, nil},
		{"a panic", 500, false, request{path: "/api/panic"}, nil},
		{"a panic of a signed-in page", 500, true, request{path: "/v1/graph/panic"}, nil},
		{"an API that is down", 502, true, request{path: "/call_api"}, nil},
		{"a provider that is down", 503, false, request{path: "/login"}, providerDown},
		{"not ready", 503, false, request{path: "/readyz"}, providerDown},
	}
}

func providerDown(_ *testing.T, app *apptest.App) { app.Provider.Down(true) }

// exhaust starts as many sign-ins as one address may start.
func exhaust(t *testing.T, app *apptest.App) {
	t.Helper()
	for range 3000 {
		r := httptest.NewRequest(http.MethodGet, "/login", nil)
		r.RemoteAddr = "127.0.0.1:1"
		app.Handler.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// Every status that a visitor can cause has the security headers, as a page and as a
// problem document. TestEveryErrorIsGuarded in internal/adapters/http tests the
// other statuses.
func TestHeadersOfEveryStatus(t *testing.T) {
	for _, https := range []bool{false, true} {
		for _, c := range provocations() {
			name := "http/" + c.name
			if https {
				name = "https/" + c.name
			}
			t.Run(name, func(t *testing.T) {
				a := withOtherWaysIn()
				a.https = https
				app := a.start(t)
				client := app.Anonymous()
				if c.signedIn {
					client = app.SignIn(apptest.User{Name: "Charles Babbage"})
				}
				if c.before != nil {
					c.before(t, app)
				}
				if c.request.method == "" {
					c.request.method = http.MethodGet
				}
				for _, accept := range []string{asJSON, asPage} {
					c.request.accept = accept
					got := c.request.send(t, client)
					require.Equal(t, c.status, got.StatusCode, got.body)
					a.requireGuarded(t, c.request, got)
					assert.Equal(t, c.status == 429 || c.status == 503, got.Header.Get("Retry-After") != "")
				}
			})
		}
	}
}

// Only the success response of the front-channel logout may be framed by the
// provider. The errors of that route may not.
func TestOnlyFrontChannelLogoutCanBeFramed(t *testing.T) {
	for name, c := range map[string]struct {
		known  func(context.Context) []string
		framed string
	}{
		"provider known": {framedBy("https://login.example", "http://127.0.0.1:4711"), "https://login.example http://127.0.0.1:4711"},
		"nobody known":   {framedBy(), "'none'"},
		"nobody at all":  {nil, "'none'"},
	} {
		app := apptest.New(t, func(w *webhttp.Config) { w.FrameAncestors = c.known })
		for _, path := range []string{"/frontchannel-logout", "/frontchannel-logout?iss=https%3A%2F%2Fprovider.example&sid=x", "/frontchannel-logout?sid=x&sid=y"} {
			got := request{method: http.MethodGet, path: path}.send(t, app.Anonymous())
			assert.Equal(t, http.StatusOK, got.StatusCode)
			assert.Contains(t, got.Header.Get("Content-Security-Policy"), "frame-ancestors "+c.framed+";", name)
			assert.Equal(t, c.framed == "'none'", got.Header.Get("X-Frame-Options") == "DENY", name)
		}
		got := request{method: http.MethodPut, path: "/frontchannel-logout"}.send(t, app.Anonymous())
		assert.Contains(t, got.Header.Get("Content-Security-Policy"), "frame-ancestors 'none';", name)
	}
}
