package fakeidp

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed pages
var pageFiles embed.FS

// autoSubmit is the only script: it presses the button of a form_post answer.
// The Content-Security-Policy of that one page allows it by its hash.
const autoSubmit = "document.forms[0].submit()"

// pages are the parsed templates and the stylesheet.
type pages struct {
	sets           map[string]*template.Template
	stylesheet     []byte
	stylesheetPath string
	scriptHash     string
}

func parsePages() (*pages, error) {
	css, err := pageFiles.ReadFile("pages/style.css")
	if err != nil {
		return nil, fmt.Errorf("fakeidp: %w", err)
	}
	sum, script := sha256.Sum256(css), sha256.Sum256([]byte(autoSubmit))
	views := &pages{
		sets:           make(map[string]*template.Template),
		stylesheet:     css,
		stylesheetPath: "/fakeidp-" + hex.EncodeToString(sum[:6]) + ".css",
		scriptHash:     "'sha256-" + base64.StdEncoding.EncodeToString(script[:]) + "'",
	}
	for _, name := range []string{"picker", "consent", "error", "help", "notfound", "signedout", "formpost", "front"} {
		set, err := template.ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("fakeidp: %w", err)
		}
		views.sets[name] = set
	}
	return views, nil
}

// policy is what a page's Content-Security-Policy adds to the common part.
type policy struct {
	formTo  []string // origins that a form, or the redirect after it, may reach
	frames  []string // origins that may be framed
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

// view is what every page is given.
type view struct {
	Title      string
	Notice     string
	Stylesheet string
	Page       any
}

// show renders a page. It is rendered as a whole before the status is written.
func (p *Provider) show(w http.ResponseWriter, status int, name, title string, page any, allow policy) {
	var out bytes.Buffer
	err := p.pages.sets[name].ExecuteTemplate(&out, "layout", view{
		Title: title, Notice: p.config.Notice, Stylesheet: p.pages.stylesheetPath, Page: page,
	})
	if err != nil {
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", allow.header())
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // fails only when the client is gone
}

func (p *Provider) serveStylesheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(p.pages.stylesheet)
}
