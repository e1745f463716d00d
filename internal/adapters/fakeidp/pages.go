package fakeidp

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/a-h/templ"
)

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.1118 generate -log-level warn

//go:embed pages.css
var stylesheet []byte

// notice is shown on every page.
const notice = "Demo provider, not Microsoft"

// autoSubmit is the only script. It submits the form of a form_post response. The
// Content-Security-Policy of that page allows it by its hash.
const autoSubmit = "document.forms[0].submit()"

// stylesheetPath returns a path with a hash of the content, so that browsers can
// cache the stylesheet.
func stylesheetPath() string {
	sum := sha256.Sum256(stylesheet)
	return "/fakeidp-" + hex.EncodeToString(sum[:6]) + ".css"
}

// autoSubmitSource returns the source expression of autoSubmit for a
// Content-Security-Policy.
func autoSubmitSource() string {
	sum := sha256.Sum256([]byte(autoSubmit))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// policy is the part of a page's Content-Security-Policy that not all pages share.
type policy struct {
	formTo  []string // origins of a form's target and of the redirect after it
	frames  []string // origins of frames
	scripts string
}

func (c policy) header() string {
	directives := []string{
		"default-src 'none'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'",
		"form-action " + strings.Join(append([]string{"'self'"}, c.formTo...), " "),
	}
	if len(c.frames) > 0 {
		directives = append(directives, "frame-src "+strings.Join(c.frames, " "))
	}
	if c.scripts != "" {
		directives = append(directives, "script-src "+c.scripts)
	}
	return strings.Join(directives, "; ")
}

// show writes a page. It renders the whole page before it writes the status.
func (p *Provider) show(w http.ResponseWriter, status int, title string, body templ.Component, allow policy) {
	var out bytes.Buffer
	if err := layout(title, notice, stylesheetPath(), body).Render(context.Background(), &out); err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", allow.header())
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // fails only if the client has gone
}

func (p *Provider) serveStylesheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(stylesheet)
}
