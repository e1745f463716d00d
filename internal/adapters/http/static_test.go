package http

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// serving returns the routes of the application, and the paths of the stylesheet
// and the icon that its pages link to.
func serving(t *testing.T) (h http.Handler, styleURL, iconURL string) {
	t.Helper()
	service, sessions, _ := benchmarkSession(t)
	h, err := New(benchmarkConfig(service, sessions))
	require.NoError(t, err)
	page, err := io.ReadAll(request(h, http.MethodGet, "/nowhere").Body)
	require.NoError(t, err)
	linked := regexp.MustCompile(`href="(/static/[^"]*)"`).FindAllStringSubmatch(string(page), -1)
	require.Len(t, linked, 2)
	return h, linked[1][1], linked[0][1]
}

func request(h http.Handler, method, path string) *http.Response {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(method, path, nil))
	return rec.Result()
}

func TestStaticFilesAreImmutable(t *testing.T) {
	h, styleURL, iconURL := serving(t)
	for url, contentType := range map[string]string{styleURL: "text/css; charset=utf-8", iconURL: "image/svg+xml"} {
		res := request(h, http.MethodGet, url)
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

func TestOtherStaticPathsAreNotFound(t *testing.T) {
	h, styleURL, _ := serving(t)
	for _, path := range []string{
		"/static/", "/static/style.css", "/static/style.0000000000000000.css", "/static/home.html",
		"/static/../templates.go", "/static/%2e%2e/style.css", styleURL + "/", strings.ToUpper(styleURL),
	} {
		res := request(h, http.MethodGet, path)
		assert.Equal(t, http.StatusNotFound, res.StatusCode, path)
		assert.Equal(t, "no-store", res.Header.Get("Cache-Control"), path)
	}
}

func TestStaticMethods(t *testing.T) {
	h, styleURL, _ := serving(t)
	srv := httptest.NewServer(h)
	defer srv.Close()

	head, err := http.Head(srv.URL + styleURL)
	require.NoError(t, err)
	require.NoError(t, head.Body.Close())
	assert.Equal(t, http.StatusOK, head.StatusCode)
	assert.Positive(t, head.ContentLength)

	post := request(h, http.MethodPost, styleURL)
	assert.Equal(t, http.StatusMethodNotAllowed, post.StatusCode)
	assert.Equal(t, "GET, HEAD", post.Header.Get("Allow"))
}
