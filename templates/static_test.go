package templates

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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

	rec := httptest.NewRecorder()
	p := &Pages{static: current}
	assert.False(t, p.WriteStatic(rec, httptest.NewRequest(http.MethodGet, old.styleURL, nil)), "another version's name")
	assert.Empty(t, rec.Header(), "whoever asked may still answer")
	assert.True(t, p.WriteStatic(rec, httptest.NewRequest(http.MethodGet, current.styleURL, nil)))
	assert.Equal(t, "b{}", rec.Body.String())
}

func TestStylesheetIsSmallAndAsksForNothing(t *testing.T) {
	s, err := newStatic(Files())
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
