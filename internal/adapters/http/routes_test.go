package http

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patternsOf returns the patterns of a handler's routes, each once.
func patternsOf(t *testing.T, h http.Handler) []string {
	t.Helper()
	routes, ok := h.(chi.Routes)
	require.True(t, ok, "the handler of New is the router")
	var patterns []string
	require.NoError(t, chi.Walk(routes, func(_, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		patterns = append(patterns, pattern)
		return nil
	}))
	slices.Sort(patterns)
	return slices.Compact(patterns)
}

// A redirect URI or a mount with the path of a route would replace the route.
func TestAllRoutesAreReserved(t *testing.T) {
	service, sessions, _ := benchmarkSession(t)
	for _, formPost := range []bool{false, true} {
		c := benchmarkConfig(service, sessions)
		c.FormPost, c.PublicOrigin = formPost, "https://app.example"
		h, err := New(c)
		require.NoError(t, err)
		var routed []string
		for _, pattern := range patternsOf(t, h) {
			if pattern != c.CallbackPath {
				routed = append(routed, strings.TrimSuffix(pattern, "/*"))
			}
		}
		assert.ElementsMatch(t, reservedPaths(), routed)
		for _, path := range routed {
			assert.True(t, Reserved("", path), path)
			assert.True(t, Reserved("", path+"/"), path)
		}
	}
	for _, free := range []string{"/getAToken", "/loginz", "/login/x", "/static2", ""} {
		assert.False(t, Reserved("", free), free)
	}
	assert.True(t, Reserved("", "/static/x"))
	for path, want := range map[string]bool{
		"/a": true, "/a/": true, "/a/login": true, "/a/login/": true, "/a/static/x": true,
		"/login": false, "/": false, "/a/getAToken": false, "/ab": false, "/a/a": false,
	} {
		assert.Equal(t, want, Reserved("/a", path), path)
	}
}

func TestMountsCannotReplaceAPage(t *testing.T) {
	for path, good := range map[string]bool{
		"/api": true, "/api/v1": true, "/loginz": true,
		"": false, "/": false, "api": false, "/api/": false, "/api/{id}": false, "/api/*": false, "/a%70i": false,
		"/login": false, "/healthz": false, "/static": false, "/static/own": false, "/getAToken": false,
	} {
		a := &app{Config: Config{CallbackPath: "/getAToken", Mounts: map[string]http.Handler{path: http.NotFoundHandler()}}}
		err := a.checkMounts()
		if good {
			assert.NoError(t, err, path)
			continue
		}
		assert.ErrorContains(t, err, "cannot be mounted", path)
	}
}
