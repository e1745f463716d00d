package templates

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStaticNamesDependOnTheContent(t *testing.T) {
	files := func(css string) fstest.MapFS {
		return fstest.MapFS{"static/style.css": {Data: []byte(css)}, "static/favicon.svg": {Data: []byte("<svg/>")}}
	}
	old, err := newStatic(files("a{}"), StaticPrefix)
	require.NoError(t, err)
	current, err := newStatic(files("b{}"), StaticPrefix)
	require.NoError(t, err)
	assert.Regexp(t, `^/static/style\.[0-9a-f]{16}\.css$`, old.urls["style.css"])
	assert.NotEqual(t, old.urls["style.css"], current.urls["style.css"])
	assert.Equal(t, old.urls["favicon.svg"], current.urls["favicon.svg"])

	rec := httptest.NewRecorder()
	p := &Pages{static: current}
	assert.False(t, p.WriteStatic(rec, httptest.NewRequest(http.MethodGet, old.urls["style.css"], nil)), "the name of another version")
	assert.Empty(t, rec.Header(), "nothing is written")
	assert.True(t, p.WriteStatic(rec, httptest.NewRequest(http.MethodGet, current.urls["style.css"], nil)))
	assert.Equal(t, "b{}", rec.Body.String())
}

func TestStylesheetIsSmallAndLoadsNothing(t *testing.T) {
	s, err := newStatic(files, StaticPrefix)
	require.NoError(t, err)
	css := string(s.files[s.urls["style.css"]].body)
	assert.LessOrEqual(t, len(css), 10<<10)
	assert.NotContains(t, css, "url(")
	assert.NotContains(t, css, "@import")
}

func TestOtherStaticFilesAreServed(t *testing.T) {
	s, err := newStatic(fstest.MapFS{"static/logo.png": {Data: []byte("png")}, "static/app.js": {Data: []byte("0")}, "static/font.own": {Data: []byte("f")}}, StaticPrefix)
	require.NoError(t, err)
	assert.Regexp(t, `^/static/logo\.[0-9a-f]{16}\.png$`, s.urls["logo.png"])
	for name, want := range map[string]string{"logo.png": "image/png", "app.js": "text/javascript; charset=utf-8", "font.own": "application/octet-stream"} {
		assert.Equal(t, want, s.files[s.urls[name]].contentType)
	}
}

// The machine's own tables are slow to read, and differ from one machine to another.
func TestOwnStaticFilesNeedNoTableOfTheMachine(t *testing.T) {
	names, err := fs.Glob(files, "static/*")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		assert.NotEmpty(t, contentTypes[path.Ext(name)], name)
	}
}
