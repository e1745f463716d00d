package http

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/templates"
)

// serving returns a handler of s as the application routes to it.
func serving(t *testing.T, s *static) http.Handler {
	t.Helper()
	service, sessions, _ := benchmarkSession(t)
	p := mustPages(t, pageOptions{})
	p.static = s
	a := &app{Config: benchmarkConfig(service, sessions), pages: p}
	h, err := a.routes()
	require.NoError(t, err)
	return h
}

func ask(h http.Handler, method, path string) *http.Response {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, path, nil))
	return rec.Result()
}

func TestStaticFilesAreKeptForGood(t *testing.T) {
	s, err := newStatic(templates.Files())
	require.NoError(t, err)
	h := serving(t, s)
	for url, contentType := range map[string]string{s.styleURL: "text/css; charset=utf-8", s.iconURL: "image/svg+xml"} {
		res := ask(h, http.MethodGet, url)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, res.StatusCode)
		assert.Equal(t, contentType, res.Header.Get("Content-Type"))
		assert.Equal(t, "public, max-age=31536000, immutable", res.Header.Get("Cache-Control"))
		assert.EqualValues(t, len(body), res.ContentLength)
		assert.NotEmpty(t, body)
		assert.Empty(t, res.Cookies())
	}
}

func TestStaticNamesFollowTheContent(t *testing.T) {
	files := func(css string) fstest.MapFS {
		return fstest.MapFS{"style.css": {Data: []byte(css)}, "favicon.svg": {Data: []byte("<svg/>")}}
	}
	old, err := newStatic(files("a{}"))
	require.NoError(t, err)
	current, err := newStatic(files("b{}"))
	require.NoError(t, err)
	assert.Regexp(t, `^/static/style\.[0-9a-f]{16}\.css$`, old.styleURL)
	assert.NotEqual(t, old.styleURL, current.styleURL)
	assert.Equal(t, old.iconURL, current.iconURL)
	assert.Equal(t, http.StatusNotFound, ask(serving(t, current), http.MethodGet, old.styleURL).StatusCode, "another version's name")
}

func TestStaticKnowsNothingElse(t *testing.T) {
	s, err := newStatic(templates.Files())
	require.NoError(t, err)
	h := serving(t, s)
	for _, path := range []string{
		"/static/", "/static/style.css", "/static/style.0000000000000000.css", "/static/home.html",
		"/static/../templates.go", "/static/%2e%2e/style.css", s.styleURL + "/", strings.ToUpper(s.styleURL),
	} {
		res := ask(h, http.MethodGet, path)
		assert.Equal(t, http.StatusNotFound, res.StatusCode, path)
		assert.Equal(t, "no-store", res.Header.Get("Cache-Control"), path)
	}
}

func TestStaticMethods(t *testing.T) {
	s, err := newStatic(templates.Files())
	require.NoError(t, err)
	h := serving(t, s)
	srv := httptest.NewServer(h)
	defer srv.Close()

	head, err := http.Head(srv.URL + s.styleURL)
	require.NoError(t, err)
	require.NoError(t, head.Body.Close())
	assert.Equal(t, http.StatusOK, head.StatusCode)
	assert.Positive(t, head.ContentLength)

	post := ask(h, http.MethodPost, s.styleURL)
	assert.Equal(t, http.StatusMethodNotAllowed, post.StatusCode)
	assert.Equal(t, "GET, HEAD", post.Header.Get("Allow"))
}

func TestStylesheetIsSmallAndAsksForNothing(t *testing.T) {
	s, err := newStatic(templates.Files())
	require.NoError(t, err)
	css := string(s.files[s.styleURL].body)
	assert.LessOrEqual(t, len(css), 10<<10)
	assert.NotContains(t, css, "url(")
	assert.NotContains(t, css, "@import")
}

func TestMissingStaticFileFailsTheStart(t *testing.T) {
	_, err := newStatic(fstest.MapFS{"style.css": {Data: []byte("a{}")}})
	require.ErrorContains(t, err, "favicon.svg")
}
