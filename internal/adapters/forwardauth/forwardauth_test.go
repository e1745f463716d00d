package forwardauth_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/forwardauth"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/ports"
	"webapp/internal/test/apptest"
)

const (
	engineers = "a1000001-4d2e-4b91-8c05-3fa9c0000001"
	managers  = "a1000002-4d2e-4b91-8c05-3fa9c0000002"
	others    = "a1000003-4d2e-4b91-8c05-3fa9c0000003"
)

// start serves Path for proxies on loopback, where the tests' clients are.
func start(t testing.TB, more ...apptest.Option) *apptest.App {
	t.Helper()
	options := append([]apptest.Option{apptest.WithAPI("http://127.0.0.1:1/", "User.Read"), func(c *webhttp.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	}}, more...)
	return apptest.New(t, append(options, mounted)...)
}

// mounted serves Path, as the list mounts of cmd/webapp does.
func mounted(c *webhttp.Config) {
	config := forwardauth.Config{Origin: c.PublicOrigin, Proxies: c.TrustedProxies, RecordError: webhttp.RecordError, Passed: webhttp.LogAtDebug}
	apptest.WithMount(forwardauth.Path, config.Handler)(c)
}

// reply is a response with its body.
type reply struct {
	*http.Response
	body string
}

// ask sends a request with pairs of header names and values.
func ask(t testing.TB, client *http.Client, method, path string, headers ...string) reply {
	t.Helper()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	req, err := http.NewRequest(method, path, nil)
	require.NoError(t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header[headers[i]] = append(req.Header[headers[i]], headers[i+1])
	}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return reply{res, string(body)}
}

// verify sends a GET that no page of a proxy caused, and checks the rules for every
// response: no cookie, no caching.
func verify(t testing.TB, client *http.Client, query string, headers ...string) reply {
	t.Helper()
	r := ask(t, client, http.MethodGet, "/verify"+query, headers...)
	assert.Empty(t, r.Header.Values("Set-Cookie"), "no cookie is set or deleted")
	assert.Equal(t, []string{"no-store"}, r.Header.Values("Cache-Control"))
	if r.StatusCode != http.StatusNoContent {
		for name := range r.Header {
			assert.False(t, strings.HasPrefix(name, "X-Auth-Request-"), "only 204 has headers about a person")
		}
	}
	return r
}

// tellTale are the six headers of a 204.
func tellTale(r reply) map[string][]string {
	told := map[string][]string{}
	for name, values := range r.Header {
		if short, ok := strings.CutPrefix(name, "X-Auth-Request-"); ok {
			told[short] = values
		}
	}
	return told
}

// signInWith signs a person in whose ID token has these groups. all are the groups in
// the directory.
func signInWith(t testing.TB, app *apptest.App, who ports.Identity, inToken ports.Groups, all ...string) *http.Client {
	t.Helper()
	client := app.Anonymous()
	begun := ask(t, client, http.MethodGet, "/login")
	app.Provider.SetGroups(inToken, all)
	cb := app.Provider.Approve(begun.Header.Get("Location"), who)
	done := ask(t, client, http.MethodGet, "/getAToken?code="+cb.Code+"&state="+cb.State)
	require.Equal(t, http.StatusSeeOther, done.StatusCode)
	return client
}

func ada() ports.Identity {
	return ports.Identity{TenantID: "t1", ObjectID: "o1", Name: "Ada Lovelace", Username: "ada@contoso.example", Roles: []string{"Admin", "Reader"}}
}

func TestASignedInPersonPassesWithSixHeaders(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{IDs: []string{engineers, managers}, AsOf: app.Clock.Now()})
	r := verify(t, client, "")
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	assert.Empty(t, r.body)
	assert.Equal(t, map[string][]string{
		"User": {"tid:t1%20oid:o1"}, "Name": {"Ada%20Lovelace"}, "Preferred-Username": {"ada@contoso.example"},
		"Roles": {"Admin,Reader"}, "Groups": {engineers + "," + managers}, "Groups-Complete": {"true"},
	}, tellTale(r))
}

func TestAPersonWithoutAnythingHasSixHeadersToo(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ports.Identity{Issuer: "https://idp.example", Subject: "s"}, ports.Groups{})
	r := verify(t, client, "")
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	assert.Equal(t, map[string][]string{
		"User": {"iss:https://idp.example%20sub:s"}, "Name": {""}, "Preferred-Username": {""},
		"Roles": {""}, "Groups": {""}, "Groups-Complete": {"false"},
	}, tellTale(r))
}

// The bytes outside 0x21-0x7E, the percent sign and the comma are encoded before
// lists are joined, so that no name adds a role or a line.
func TestValuesArePercentEncoded(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ports.Identity{
		Subject: "a,b", Name: "Zoë, 100 %\r\nX-Auth-Request-Roles: Admin\x00\x7f~!", Username: "日", Roles: []string{"Admin,Root", "Reader", "50%"},
	}, ports.Groups{})
	r := verify(t, client, "")
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	assert.Equal(t, map[string][]string{
		"User": {"iss:https://provider.example%20sub:a%2Cb"},
		"Name": {"Zo%C3%AB%2C%20100%20%25%0D%0AX-Auth-Request-Roles:%20Admin%00%7F~!"}, "Preferred-Username": {"%E6%97%A5"},
		"Roles": {"Admin%2CRoot,Reader,50%25"}, "Groups": {""}, "Groups-Complete": {"false"},
	}, tellTale(r))
}

func TestMethodsAndPaths(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{})
	for _, who := range []*http.Client{client, app.Anonymous()} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get"} {
			r := ask(t, who, method, "/verify", "X-Http-Method-Override", "GET", "X-Forwarded-Method", "GET")
			assert.Equal(t, http.StatusMethodNotAllowed, r.StatusCode, method)
			assert.NotEmpty(t, r.Header.Get("Allow"), method)
			assert.Empty(t, tellTale(r), method)
		}
		for _, path := range []string{"/verify/", "/verify/x", "/verify//", "/Verify", "/verify.", "/verify;x", "/%76erify/x"} {
			assert.Equal(t, http.StatusNotFound, ask(t, who, http.MethodGet, path).StatusCode, path)
		}
	}
	r := ask(t, client, http.MethodHead, "/verify?role=Admin")
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	assert.Len(t, tellTale(r), 6)
	r = ask(t, app.Anonymous(), http.MethodHead, "/verify")
	assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
	assert.Empty(t, r.body)
}

// Sign-out in another tab or from another browser counts at the very next request.
func TestSignOutIsFinal(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{})
	phone := signInWith(t, app, ada(), ports.Groups{})
	require.Equal(t, http.StatusNoContent, verify(t, client, "").StatusCode)
	res, err := client.Post("/logout", "application/x-www-form-urlencoded", nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusUnauthorized, verify(t, client, "").StatusCode)
	assert.Equal(t, http.StatusNoContent, verify(t, phone, "").StatusCode)
}

// The deletion cookie of an expired session belongs to a response for the browser.
func TestAnExpiredSessionIsNobodys(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{})
	app.Clock.Advance(66 * time.Minute)
	for range 2 {
		assert.Equal(t, http.StatusUnauthorized, verify(t, client, "").StatusCode)
	}
	r := ask(t, client, http.MethodGet, "/sessions")
	assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
	assert.Contains(t, r.Header.Get("Set-Cookie"), "Max-Age=0", "the page deletes it, and the audit log reports the end")
}

// A person who works in the protected application all day stays signed in, up to the
// limit of the session.
func TestRequestsProlongTheSession(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{})
	for range 13 {
		app.Clock.Advance(55 * time.Minute)
		require.Equal(t, http.StatusNoContent, verify(t, client, "").StatusCode)
	}
	app.Clock.Advance(6 * time.Minute)
	assert.Equal(t, http.StatusUnauthorized, verify(t, client, "").StatusCode, "twelve hours are over")
}

// Only the request's own log line names the cause, so that an operator finds it.
func TestAFailureIsInTheLogLineOfTheRequest(t *testing.T) {
	var log bytes.Buffer
	app := start(t, func(c *webhttp.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	client := signInWith(t, app, ada(), ports.Groups{Overage: true}, managers)
	app.Clock.Advance(57 * time.Minute)
	app.Provider.Down(true)
	app.Clock.Advance(time.Minute)
	log.Reset()
	verify(t, client, "?group="+managers)
	verify(t, client, "?roles=Admin")
	assert.Equal(t, http.StatusNoContent, verify(t, client, "").StatusCode, "which fills no log")
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 2)
	assert.Contains(t, lines[0], "level=ERROR")
	assert.Contains(t, lines[0], "identity provider unavailable")
	assert.Contains(t, lines[1], "role=NAME and group=ID")
	assert.NotContains(t, log.String(), "roles=Admin", "the log has no query")
}

// A proxy disconnects if the person leaves the page. That is no failure.
func TestAProxyThatDisconnects(t *testing.T) {
	var log bytes.Buffer
	app := start(t, func(c *webhttp.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := navigation(map[string][]string{"Cookie": {"webapp_session=" + strings.Repeat("a", 43)}}).WithContext(ctx)
	w := recorderOf(app, r)
	assert.Equal(t, 499, w.Code)
	assert.NotContains(t, log.String(), "level=ERROR")
}

// Two tabs: one is at the provider while the proxy asks for the other one.
func TestAPendingSignInIsLeftAlone(t *testing.T) {
	app := start(t)
	client := app.Anonymous()
	begun := ask(t, client, http.MethodGet, "/login?return_to=/reports")
	for range 3 {
		assert.Equal(t, http.StatusUnauthorized, verify(t, client, "").StatusCode)
	}
	cb := app.Provider.Approve(begun.Header.Get("Location"), ada())
	done := ask(t, client, http.MethodGet, "/getAToken?code="+cb.Code+"&state="+cb.State)
	assert.Equal(t, "/reports", done.Header.Get("Location"))
	again := ask(t, client, http.MethodGet, "/login")
	assert.Equal(t, http.StatusNoContent, verify(t, client, "").StatusCode)
	cb = app.Provider.Approve(again.Header.Get("Location"), ada())
	assert.Equal(t, http.StatusSeeOther, ask(t, client, http.MethodGet, "/getAToken?code="+cb.Code+"&state="+cb.State).StatusCode)
	assert.Equal(t, http.StatusNoContent, verify(t, client, "").StatusCode)
}

// Two session cookies, of which another site may have set one, are nobody's. All
// cookies of the protected application come along.
func TestCookiesBesideTheSession(t *testing.T) {
	app := start(t)
	client := signInWith(t, app, ada(), ports.Groups{})
	assert.Equal(t, http.StatusNoContent, verify(t, client, "", "Cookie", "theme=dark; "+strings.Repeat("x", 8000)+"=1").StatusCode)
	assert.Equal(t, http.StatusUnauthorized, verify(t, client, "", "Cookie", "webapp_session="+strings.Repeat("a", 43)).StatusCode)
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, verify(t, client, "", "Cookie", strings.Repeat("x", 20<<10)+"=1").StatusCode)
}

func recorderOf(app *apptest.App, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	app.Handler.ServeHTTP(w, r)
	return w
}
