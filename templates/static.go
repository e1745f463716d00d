package templates

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
)

// StaticPrefix begins the paths of the files that pages link to.
const StaticPrefix = "/static/"

// static serves the stylesheet and the icon under names that carry a hash of
// their content, so that a browser may keep them for good: another content has
// another name. It needs no session and sets no cookie.
type static struct {
	files map[string]staticFile // by path
	// styleURL and iconURL are the paths to link to.
	styleURL string
	iconURL  string
}

// staticFile is one file as it is served.
type staticFile struct {
	contentType string
	length      string
	body        []byte
}

// newStatic reads the files once. It fails when one is missing.
func newStatic(fsys fs.FS) (*static, error) {
	s := &static{files: make(map[string]staticFile)}
	var err error
	if s.styleURL, err = s.add(fsys, "style", ".css", "text/css; charset=utf-8"); err != nil {
		return nil, err
	}
	if s.iconURL, err = s.add(fsys, "favicon", ".svg", "image/svg+xml"); err != nil {
		return nil, err
	}
	return s, nil
}

// add reads name+ext and returns the path it is served at.
func (s *static) add(fsys fs.FS, name, ext, contentType string) (string, error) {
	body, err := fs.ReadFile(fsys, name+ext)
	if err != nil {
		return "", fmt.Errorf("static file: %w", err)
	}
	sum := sha256.Sum256(body)
	path := StaticPrefix + name + "." + hex.EncodeToString(sum[:8]) + ext
	s.files[path] = staticFile{contentType: contentType, length: strconv.Itoa(len(body)), body: body}
	return path, nil
}

// WriteStatic answers with the file of a current name. It is false, and has
// written nothing, where r's path is none.
func (p *Pages) WriteStatic(w http.ResponseWriter, r *http.Request) bool {
	file, ok := p.static.files[r.URL.Path]
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", file.contentType)
	h.Set("Content-Length", file.length)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(file.body) // a browser that is gone needs no answer
	return true
}
