package templates

import (
	"cmp"
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

// StaticPrefix is the start of the routes of static files.
const StaticPrefix = "/static/"

// static serves each file under a name with a hash of its content. Browsers may
// cache it forever, because other content has another name.
type static struct {
	files map[string]staticFile // by path
	urls  map[string]string     // path by name in templates/static
}

// staticFile is a file with its headers.
type staticFile struct {
	contentType string
	length      string
	body        []byte
}

// newStatic reads the files in fsys's folder static. Their paths begin with prefix.
func newStatic(fsys fs.FS, prefix string) (*static, error) {
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
		url := prefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
		s.urls[name] = url
		s.files[url] = staticFile{contentType: contentType(ext), length: strconv.Itoa(len(body)), body: body}
	}
	return s, nil
}

// contentTypes are the media types of the usual files of pages. For any other file,
// package mime reads the tables of the machine, which takes milliseconds of the start.
var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".ico":   "image/x-icon",
	".jpg":   "image/jpeg",
	".js":    "text/javascript; charset=utf-8",
	".png":   "image/png",
	".svg":   "image/svg+xml",
	".webp":  "image/webp",
	".woff2": "font/woff2",
}

// contentType returns the media type for the extension ext, or
// application/octet-stream if it is not known.
func contentType(ext string) string {
	if known := contentTypes[ext]; known != "" {
		return known
	}
	return cmp.Or(mime.TypeByExtension(ext), "application/octet-stream")
}

// WriteStatic sends the static file with r's path. If there is none, it writes
// nothing and returns false.
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
	_, _ = w.Write(file.body) // the browser may have disconnected
	return true
}
