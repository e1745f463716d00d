package templates

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// StaticPrefix begins the paths of the files in templates/static.
const StaticPrefix = "/static/"

// static serves each file under a name that carries a hash of its content. A
// browser may keep it for good: other content has another name.
type static struct {
	files map[string]staticFile // by path
	urls  map[string]string     // path by name in templates/static
}

// staticFile is one file as it is served.
type staticFile struct {
	contentType string
	length      string
	body        []byte
}

// newStatic reads the files in the folder static of fsys.
func newStatic(fsys fs.FS) (*static, error) {
	names, err := fs.Glob(fsys, "static/*")
	if err != nil {
		return nil, fmt.Errorf("static files: %w", err)
	}
	s := &static{files: map[string]staticFile{}, urls: map[string]string{}}
	for _, name := range names {
		body, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("static file: %w", err)
		}
		sum := sha256.Sum256(body)
		name, ext := path.Base(name), path.Ext(name)
		url := StaticPrefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
		s.urls[name] = url
		s.files[url] = staticFile{contentType: contentType(ext), length: strconv.Itoa(len(body)), body: body}
	}
	return s, nil
}

// contentType returns the media type of files with the extension ext. A type
// that Go does not know is bytes: browsers are told not to guess.
func contentType(ext string) string {
	if known := mime.TypeByExtension(ext); known != "" {
		return known
	}
	return "application/octet-stream"
}

// WriteStatic responds with the file of a current name. It is false, and has
// written nothing, if r's path is no such name. No cookie is set.
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
