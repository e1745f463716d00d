package apptest_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/test/apptest"
)

const (
	providerSource = "https://provider.example"
	asPage         = "text/html,application/xhtml+xml"
	asJSON         = "application/json"
)

// arrangement is one configuration of the application.
type arrangement struct {
	name            string
	https, formPost bool
	options         []apptest.Option
}

func arrangements() []arrangement {
	return []arrangement{
		{name: "http"},
		{name: "https", https: true},
		{name: "form_post", https: true, formPost: true},
		withOtherWaysIn(),
	}
}

func withOtherWaysIn() arrangement {
	return arrangement{name: "other ways in", options: []apptest.Option{
		apptest.WithMount("/api", otherWayIn), apptest.WithMount("/v1/graph", otherWayIn)}}
}

func (a arrangement) start(t *testing.T, more ...apptest.Option) *apptest.App {
	t.Helper()
	api := apptest.WithAPI("http://127.0.0.1:1/", "api/read") // nobody is there
	return apptest.New(t, append(append([]apptest.Option{api, a.configure}, a.options...), more...)...)
}

func (a arrangement) configure(c *webhttp.Config) {
	if a.https {
		c.PublicOrigin = "https://app.example"
	}
	c.FormPost = a.formPost
	c.SignOutTargets = []string{"https:"}
	c.FrameAncestors = framedBy(providerSource)
	c.Logger = slog.New(slog.DiscardHandler)
}

// seen is a response and its body.
type seen struct {
	*http.Response
	body string
}

type request struct {
	method, path string
	accept       string
	header       map[string]string
	body         string
}

func (r request) send(t *testing.T, client *http.Client) seen {
	t.Helper()
	apptest.NeedsPage(t, r.path)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	var body io.Reader
	if r.method == http.MethodPost || r.body != "" {
		body = strings.NewReader(r.body)
	}
	req, err := http.NewRequest(r.method, r.path, body)
	require.NoError(t, err)
	req.Header.Set("Accept", r.accept)
	if r.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return seen{res, string(text)}
}

// requireGuarded checks the security headers that every response must have.
func (a arrangement) requireGuarded(t *testing.T, r request, got seen) {
	t.Helper()
	h, what := got.Header, r.method+" "+r.path+" "+r.accept
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		require.Equal(t, []string{want}, h.Values(name), "%s of %s", name, what)
	}
	require.NotEmpty(t, h.Get("Permissions-Policy"), what)
	require.NotEmpty(t, h.Get("X-Request-Id"), what)
	require.Equal(t, a.https, h.Get("Strict-Transport-Security") != "", what)
	for name := range h {
		require.False(t, strings.HasPrefix(name, "Access-Control-"), what)
	}
	kept := strings.HasPrefix(r.path, "/static/") && got.StatusCode == http.StatusOK
	if kept {
		require.Equal(t, []string{"public, max-age=31536000, immutable"}, h.Values("Cache-Control"), what)
		require.Empty(t, h.Values("Set-Cookie"), what)
	} else {
		require.Equal(t, []string{"no-store"}, h.Values("Cache-Control"), what)
	}
	require.Equal(t, got.StatusCode == http.StatusMethodNotAllowed, h.Get("Allow") != "", what)
	if got.StatusCode >= 400 && r.accept == asJSON && r.path != "/readyz" { // which is for machines anyway
		require.Contains(t, h.Get("Content-Type"), "json", what)
	}
	if r.method != http.MethodHead {
		a.requirePolicy(t, r, got)
	}
}

// requirePolicy checks that the Content-Security-Policy allows what the body uses
// and nothing else.
func (a arrangement) requirePolicy(t *testing.T, r request, got seen) {
	t.Helper()
	what := r.method + " " + r.path + " " + r.accept
	require.Len(t, got.Header.Values("Content-Security-Policy"), 1, what)
	want := map[string]string{"default-src": "'none'", "base-uri": "'none'", "frame-ancestors": "'none'", "form-action": "'none'"}
	framed := strings.HasPrefix(r.path, "/frontchannel-logout") && got.StatusCode == http.StatusOK
	if framed {
		want["frame-ancestors"] = providerSource
		require.Empty(t, got.body, "nothing to be clicked on")
	}
	require.Equal(t, framed, got.Header.Get("X-Frame-Options") != "DENY", what)
	if strings.Contains(got.body, `<link rel="stylesheet"`) {
		want["style-src"], want["img-src"] = "'self'", "'self'"
	}
	if strings.Contains(got.body, "<form") {
		want["form-action"] = "'self' https:"
		require.Contains(t, got.body, `action="/logout"`, "only a sign-out leads elsewhere: %s", what)
	}
	if strings.Contains(got.body, "<script") {
		want["script-src"], want["connect-src"] = "'self'", "'self'"
	}
	policy := map[string]string{}
	for directive := range strings.SplitSeq(got.Header.Get("Content-Security-Policy"), "; ") {
		name, sources, _ := strings.Cut(directive, " ")
		require.NotContains(t, policy, name, what)
		policy[name] = sources
	}
	require.Equal(t, want, policy, what)
}

// person is a kind of visitor.
type person struct {
	name string
	user apptest.User // nobody where it has no name
}

// people returns an anonymous visitor, a person with a role that opens no page, and
// a person with the roles of all pages.
func people() []person {
	var roles, contexts []string
	for _, p := range webhttp.Pages() {
		roles, contexts = append(roles, p.Role), append(contexts, p.AuthContext)
	}
	return []person{
		{name: "anonymous"},
		{"without the role", apptest.User{Name: "Charles Babbage", Roles: []string{"Opens.Nothing"}, AuthContexts: contexts}},
		{"with the role", apptest.User{Name: "Ada Lovelace", Roles: roles, AuthContexts: contexts}},
	}
}

func (p person) in(app *apptest.App) *http.Client {
	if p.user.Name == "" {
		return app.Anonymous()
	}
	return app.SignIn(p.user)
}

func TestNoAnswerIsNotModified(t *testing.T) {
	app := arrangements()[0].start(t)
	style := stylesheet(t, app)
	got := request{method: http.MethodGet, path: style, accept: "*/*", header: map[string]string{
		"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT", "If-None-Match": "*"}}.send(t, app.Anonymous())
	assert.Equal(t, http.StatusOK, got.StatusCode, "a name stands for its content, so there is nothing to ask again")
	assert.NotEmpty(t, got.body)
}

func framedBy(sources ...string) func(context.Context) []string {
	return func(context.Context) []string { return sources }
}

func stylesheet(t *testing.T, app *apptest.App) string {
	t.Helper()
	_, home := page(t, app.Anonymous(), "/")
	_, after, ok := strings.Cut(home, `<link rel="stylesheet" href="`)
	require.True(t, ok)
	path, _, _ := strings.Cut(after, `"`)
	return path
}
