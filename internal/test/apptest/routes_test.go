package apptest_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/domain"
	"webapp/internal/test/apptest"
)

// anything accepts every status of a handler for an empty form, except those of a
// refusal or a failure.
const anything = 0

// route has the expected statuses of a route for each of people.
type route struct {
	method, pattern string
	statuses        [3]int
	paths           []string // where the pattern is none
}

// allRoutes returns the routes of webhttp.Pages and a line for each other route.
func allRoutes(formPost bool) []route {
	callback := []route{{http.MethodGet, "/getAToken", [3]int{400, 400, 400}, nil}} // without a state
	if formPost {
		callback = []route{
			{http.MethodPost, "/getAToken", [3]int{400, 400, 400}, nil},
			{http.MethodGet, "/getAToken", [3]int{405, 405, 405}, nil}, // only the redirect after admin consent is answered
		}
	}
	return slices.Concat(callback, pageRoutes(), []route{
		{http.MethodGet, "/", [3]int{200, 200, 200}, nil},
		{http.MethodGet, "/login", [3]int{303, 303, 303}, nil},
		{http.MethodGet, "/logout", [3]int{200, 200, 200}, nil},
		{http.MethodPost, "/logout", [3]int{303, 303, 303}, nil},
		{http.MethodGet, "/session", [3]int{401, 200, 200}, nil},
		{http.MethodPost, "/session", [3]int{401, 200, 200}, nil},
		{http.MethodGet, "/frontchannel-logout", [3]int{200, 200, 200}, nil},
		{http.MethodPost, "/backchannel-logout", [3]int{400, 400, 400}, nil}, // without a token
		{http.MethodGet, "/healthz", [3]int{200, 200, 200}, nil},
		{http.MethodGet, "/readyz", [3]int{200, 200, 200}, nil},
		{http.MethodGet, "/static/*", [3]int{404, 404, 404}, []string{"/static/", "/static/none.css", "/static/a/b"}},
	})
}

// pageRoutes returns the routes of webhttp.Pages.
func pageRoutes() (routes []route) {
	for _, p := range webhttp.Pages() {
		get, post := [3]int{401, 200, 200}, [3]int{401, anything, anything}
		if p.NeedsAPI {
			get = [3]int{401, 502, 502} // nobody is there
		}
		if p.Role != "" {
			get[1], post[1] = 403, 403
		}
		routes = append(routes, route{http.MethodGet, p.Path, get, nil})
		if p.HasForm() {
			routes = append(routes, route{http.MethodPost, p.Path, post, nil})
		}
	}
	return routes
}

// walked returns method and pattern of each route of the application.
func walked(t *testing.T, app *apptest.App) (routes []string) {
	t.Helper()
	router, ok := app.Handler.(chi.Routes)
	require.True(t, ok, "the handler is the router")
	require.NoError(t, chi.Walk(router, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		routes = append(routes, method+" "+pattern)
		return nil
	}))
	return routes
}

func anyMethod() []string {
	return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodTrace, "QUERY", "BREW"}
}

// otherWayIn is a mount that serves every path and panics on request.
func otherWayIn(d *domain.Service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/panic") {
			panic("as wanted")
		}
		w.Header().Set("Content-Type", "application/json")
		if _, err := d.CurrentUser(r.Context()); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	})
}

// This test requests every route as every person with every method and media type.
// It checks the status and the security headers. It fails for a new route until
// allRoutes has a line for it.
func TestEveryRouteForEverybody(t *testing.T) {
	for _, a := range arrangements() {
		t.Run(a.name, func(t *testing.T) {
			app := a.start(t)
			routes := allRoutes(a.formPost)
			lines, methods := []string{}, map[string][]string{}
			for _, r := range routes {
				lines = append(lines, r.method+" "+r.pattern)
				methods[r.pattern] = append(methods[r.pattern], r.method)
			}
			pages := slices.DeleteFunc(walked(t, app), func(line string) bool {
				return strings.Contains(line, " /api") || strings.Contains(line, " /v1/graph")
			})
			require.ElementsMatch(t, lines, pages)
			for _, r := range routes {
				for i, p := range people() {
					t.Run(fmt.Sprintf("%s %s %s", r.method, r.pattern, p.name), func(t *testing.T) {
						a.requireRoute(t, app, r, methods[r.pattern], p, r.statuses[i])
					})
				}
			}
		})
	}
}

func (a arrangement) requireRoute(t *testing.T, app *apptest.App, r route, methods []string, p person, status int) {
	t.Helper()
	if r.paths == nil {
		r.paths = []string{r.pattern}
	}
	for _, accept := range []string{asPage, asJSON} {
		client := p.in(app)
		for _, path := range r.paths {
			asked := request{method: r.method, path: path, accept: accept}
			for _, method := range anyMethod() {
				known := slices.Contains(methods, method) || method == http.MethodHead && slices.Contains(methods, http.MethodGet)
				if !known {
					a.requireRefused(t, client, request{method: method, path: path, accept: accept}, methods)
				}
			}
			got := asked.send(t, client)
			if status == anything {
				require.Less(t, got.StatusCode, 500, got.body)
				require.NotContains(t, []int{401, 403}, got.StatusCode, got.body)
			} else {
				require.Equal(t, status, got.StatusCode, got.body)
			}
			a.requireGuarded(t, asked, got)
			if r.method == http.MethodGet {
				asked.method = http.MethodHead
				head := asked.send(t, client)
				require.Equal(t, status, head.StatusCode, "HEAD")
				require.Equal(t, got.Header.Values("Content-Security-Policy"), head.Header.Values("Content-Security-Policy"))
				a.requireGuarded(t, asked, head)
			}
			a.requireNoCookie(t, asked, p, got)
		}
	}
}

func (a arrangement) requireRefused(t *testing.T, client *http.Client, r request, methods []string) {
	t.Helper()
	got := r.send(t, client)
	require.Equal(t, http.StatusMethodNotAllowed, got.StatusCode, r.method)
	a.requireGuarded(t, r, got)
	var allowed []string
	for _, method := range methods {
		if allowed = append(allowed, method); method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	require.ElementsMatch(t, allowed, strings.Split(got.Header.Get("Allow"), ", "))
}

// requireNoCookie checks that an anonymous visitor gets no cookie except the one of
// a started sign-in and the one of a sign-out.
func (a arrangement) requireNoCookie(t *testing.T, r request, p person, got seen) {
	t.Helper()
	if p.user.Name == "" && r.path != "/login" && (r.path != "/logout" || r.method == http.MethodGet) {
		require.Empty(t, got.Header.Values("Set-Cookie"), r.path)
	}
}

func TestMountsForEverybody(t *testing.T) {
	a := withOtherWaysIn()
	app := a.start(t)
	for _, p := range people() {
		client, status := p.in(app), http.StatusOK
		if p.user.Name == "" {
			status = http.StatusUnauthorized
		}
		for _, path := range []string{"/api", "/api/", "/api/people/ada", "/v1/graph", "/v1/graph/q"} {
			for _, method := range anyMethod() {
				for _, accept := range []string{asPage, asJSON} {
					if method == "BREW" {
						continue // no method that the router knows
					}
					r := request{method: method, path: path, accept: accept}
					got := r.send(t, client)
					require.Equal(t, status, got.StatusCode, method+" "+path)
					a.requireGuarded(t, r, got)
				}
			}
		}
	}
}
