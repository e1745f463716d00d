package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/forgery"
	"webapp/internal/test/apptest"
)

// everywhere returns the paths of all routes, and some unknown paths.
func (w *world) everywhere(style string) []string {
	w.t.Helper()
	paths := []string{style, "/nowhere", "/nowhere/at/all"}
	router, ok := w.app.handler.(chi.Routes)
	require.True(w.t, ok, "the handler is the router")
	require.NoError(w.t, chi.Walk(router, func(_, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		paths = append(paths, strings.Replace(pattern, "*", "none", 1))
		return nil
	}))
	return paths
}

// internal/test/apptest tests the values of the headers.
func TestSecurityHeadersOnEveryAnswer(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"http": nil, "https": {"REDIRECT_URI": "https"}, "form_post": {"RESPONSE_MODE": "form_post"},
	} {
		w := newWorld(t, env)
		https := name != "http"
		anonymous, member := w.browser(), w.browser()
		member.mustSignIn(fakeidp.UserMember)
		home := anonymous.get("/").body
		style := home[strings.Index(home, "/static/style"):]
		style = style[:strings.Index(style, `"`)]
		for _, path := range w.everywhere(style) {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut} {
				for _, b := range []*browser{anonymous, member} {
					r := b.do(method, path, nil)
					h := r.Header
					framed := path == "/frontchannel-logout" && method != http.MethodPut
					ancestors := "frame-ancestors 'none'"
					if framed {
						ancestors = "frame-ancestors " + w.idp.BaseURL()
					}
					assert.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'", path)
					assert.Contains(t, h.Get("Content-Security-Policy"), ancestors+";", path)
					assert.Equal(t, strings.Contains(r.body, "<form"), strings.Contains(h.Get("Content-Security-Policy"), "https:") && method != http.MethodHead, path)
					assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
					assert.Equal(t, framed, h.Get("X-Frame-Options") != "DENY", path)
					assert.Equal(t, "strict-origin", h.Get("Referrer-Policy"), path)
					assert.Equal(t, "same-origin", h.Get("Cross-Origin-Opener-Policy"), path)
					assert.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"), path)
					assert.NotEmpty(t, h.Get("Permissions-Policy"), path)
					assert.Empty(t, h.Get("Access-Control-Allow-Origin"), path)
					assert.Equal(t, https, h.Get("Strict-Transport-Security") != "", path)
					if path == style && method != http.MethodPut {
						assert.Contains(t, h.Get("Cache-Control"), "immutable")
					} else {
						assert.Equal(t, "no-store", h.Get("Cache-Control"), path)
					}
				}
			}
		}
	}
}

func TestMethodsAndUnknownPaths(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodPost, "/", 405, "GET, HEAD"},
		{http.MethodDelete, "/logout", 405, "GET, HEAD, POST"},
		{http.MethodPost, "/getAToken", 405, "GET, HEAD"},
		{http.MethodPut, "/healthz", 405, "GET, HEAD"},
		{http.MethodHead, "/", 200, ""},
		{http.MethodHead, "/sessions", 401, ""},
		{http.MethodPut, "/static/none.css", 405, "GET, HEAD"},
		{"BREW", "/healthz", 405, "GET, HEAD"},
		{"BREW", "/nowhere", 404, ""},
		{http.MethodGet, "/nowhere", 404, ""},
		{http.MethodPost, "/nowhere", 404, ""},
		{http.MethodGet, "/logout/", 404, ""},
		{http.MethodGet, "//evil.example/", 404, ""},
	} {
		r := b.do(c.method, c.path, nil)
		assert.Equal(t, c.status, r.StatusCode, "%s %s", c.method, c.path)
		assert.Equal(t, c.allow, r.Header.Get("Allow"), "%s %s", c.method, c.path)
	}
}

func TestAnonymousPagesSetNoCookie(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	for _, path := range []string{"/", "/healthz", "/readyz", "/nowhere", "/static/x.css", "/sessions", "/logout"} {
		assert.Empty(t, b.get(path).Header.Values("Set-Cookie"), path)
	}
}

func TestNoHeaderOfARequestDecidesTheOrigin(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	r := b.get("/login", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "Forwarded", "host=evil.example")
	to, err := url.Parse(r.Header.Get("Location"))
	require.NoError(t, err)
	assert.Equal(t, w.url+"/getAToken", to.Query().Get("redirect_uri"))
	assert.NotContains(t, r.Header.Get("Location"), "evil.example")
}

// Invariant 9: no open redirector.
func TestReturnPathOfTheWholeApplication(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	for raw, want := range map[string]string{
		"/call_api?a=b":          "/call_api?a=b",
		"//evil.example":         "/",
		`/\evil.example`:         "/",
		"/\t/evil.example":       "/",
		"https://evil.example":   "/",
		"javascript:alert(1)":    "/",
		"/.//evil.example":       "/",
		"/login?return_to=/home": "/",
		"/getAToken?code=x":      "/",
	} {
		r := b.callback(b.approve(b.begin("/login?return_to="+url.QueryEscape(raw)), fakeidp.UserMember))
		assert.Equal(t, want, r.Header.Get("Location"), "%q", raw)
	}
}

// aToken matches a JWT. Random text never matches it by chance.
const aToken = `eyJ[\w-]{8,}\.[\w-]`

// Invariant 12: nothing secret leaves. After good and failed sign-ins, no secret is in
// the log, and no token is in a page.
func TestNothingSecretLeaves(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	var pages strings.Builder
	secrets := []string{fakeidp.DefaultClientSecret, fakeidp.UserMember}
	note := func(r reply) reply { pages.WriteString(r.body); return r }

	answer := b.approve(b.begin("/login"), fakeidp.UserMember)
	secrets = append(secrets, answer.Values.Get("code"), answer.Values.Get("state"))
	for _, c := range b.cookies() {
		secrets = append(secrets, c.Value)
	}
	note(b.callback(answer))
	note(b.callback(answer))
	secrets = append(secrets, sessionCookie(t, b))
	note(b.get("/"))
	if apptest.HasPage("/call_api") {
		note(b.get("/call_api"))
	}

	w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Claims["nonce"] = "wrong" })
	refused := b.approve(b.begin("/login"), fakeidp.UserMember)
	secrets = append(secrets, refused.Values.Get("code"), refused.Values.Get("state"))
	note(b.callback(refused))
	w.idp.Mutate(nil)
	location := b.begin("/login")
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Times: 1, Error: &fakeidp.Error{
		Number: 50105, Code: "invalid_grant", Text: "Account " + fakeidp.UserMember + " is not assigned"}})
	note(b.callback(b.approve(location, fakeidp.UserMember)))
	note(b.get("/getAToken?code=a-code-of-an-attacker&state=a-state-of-an-attacker"))
	secrets = append(secrets, "a-code-of-an-attacker", "a-state-of-an-attacker")

	logs := w.logs.String()
	require.Contains(t, logs, "route=/getAToken")
	for _, secret := range secrets {
		assert.NotEmpty(t, secret)
		assert.NotContains(t, logs, secret)
		if secret != fakeidp.UserMember {
			assert.NotContains(t, pages.String(), secret)
		}
	}
	assert.NotRegexp(t, aToken, logs, "no token in a log")
	assert.NotRegexp(t, aToken, pages.String(), "no token in a page")
}

// Invariant 3: every forged token gets a page and no session, and its state is spent.
// The next sign-in works.
func TestForgeriesSignNobodyIn(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"one tenant":   {},
		"many tenants": {"AUTHORITY": "common", "ALLOWED_TENANTS": fakeidp.ContosoTenantID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // after an unknown kid the keys are asked for again for four seconds
			w := newWorld(t, env)
			w.browser().mustSignIn(fakeidp.UserMember)
			for _, f := range forgery.IDTokens() {
				t.Run(f.Name, func(t *testing.T) {
					w.t = t
					refuseForgery(t, w, f)
				})
			}
		})
	}
}

func refuseForgery(t *testing.T, w *world, f forgery.Forgery) {
	b := w.browser()
	answer := b.approve(b.begin("/login?return_to=/sessions"), fakeidp.UserMember)
	thief := b.copy()
	asked := w.idp.Requests(fakeidp.EndpointToken)
	w.store.Calls()
	w.idp.Mutate(f.Forge)
	r := b.callback(answer)
	w.idp.Mutate(nil)

	assert.GreaterOrEqual(t, r.StatusCode, 400)
	assert.Less(t, r.StatusCode, 500)
	assert.Contains(t, r.Header.Get("Content-Type"), "text/html")
	assert.Contains(t, r.body, "/login?return_to=%2Fsessions", "the page offers a way on")
	for _, c := range r.Cookies() {
		assert.Negative(t, c.MaxAge, "%s is set", c.Name)
	}
	assert.Equal(t, 2, writes(w.store.Calls()), "the mark of the spent state alone is written, and how that ended")
	assert.False(t, b.signedIn())

	assert.Equal(t, http.StatusBadRequest, b.callback(answer).StatusCode, "a state is spent by its first use")
	assert.Equal(t, r.StatusCode, thief.callback(answer).StatusCode, "a copy of the cookie gets the same error")
	assert.False(t, thief.signedIn())
	assert.Equal(t, asked+1, w.idp.Requests(fakeidp.EndpointToken), "a code is never posted twice")
	require.Equal(t, "/sessions", b.callback(b.approve(b.begin("/login?return_to=/sessions"), fakeidp.UserMember)).Header.Get("Location"))
	require.True(t, b.signedIn())
}
