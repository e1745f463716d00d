// Package templates renders the HTML pages in the user's language.
//
// Each page has a file NAME.templ with its view, a type such as Home or SignIn,
// and its templ component. Pages.Write renders the page inside the layout. The
// handlers decide what a user may see and set the status. templ escapes all
// values and replaces URLs with an unsafe scheme.
//
// After a change of a .templ file run "go generate ./...". The generated files are
// committed, so a build needs no tool besides Go.
//
// Texts are in messages/TAG.json, where TAG is a BCP 47 language tag, or directly
// in a template. English is the source language: Page.Text uses the English text
// if a translation has none. A key with a CLDR plural form in brackets, such as
// [one], is one of the plural forms of a text.
package templates

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/a-h/templ"
)

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.1118 generate -log-level warn

//go:embed messages/*.json static
var files embed.FS

// maxPooledBuffer limits the buffers that are kept for later pages, in bytes. A
// large API response must not stay in memory.
const maxPooledBuffer = 64 << 10

// Options apply to all pages.
type Options struct {
	// Demo shows the demo banner on every page.
	Demo bool
	// AppName is the application's name in titles and the header.
	AppName string
	// BasePath is the path below which all routes are, such as /_signin. It does
	// not end in a slash. It is empty if the routes begin at the origin's root.
	BasePath string
	// WarnIdle and WarnEnd are how long before the idle limit and before the end
	// of the session's lifetime its user is warned.
	WarnIdle, WarnEnd time.Duration
}

// URL returns the local URL of a route, such as /reports. All links, forms and
// redirects to routes use it.
func (o Options) URL(route string) string { return o.BasePath + route }

// Chrome is the header of a page.
type Chrome struct {
	// SignedIn adds the navigation and the sign-out button to the header.
	SignedIn bool
	// Name is the user's display name. It may be empty.
	Name string
	// Nav are the links of the navigation.
	Nav []Link
	// Current is the URL of the current page. Its link is marked.
	Current string
}

// Link is a link with a translated text.
type Link struct {
	Text Message
	URL  string
	// NewTab opens the link in a new tab. Text must say so.
	NewTab bool
}

// View is the content of a page. Its type selects the page.
type View interface {
	// Title returns the title in the browser's tab.
	Title(p *Page) string
	// Main returns the content of the main element.
	Main(p *Page) templ.Component
}

// Page is the context of a page that is being rendered: its header, the user's
// language and the static files.
type Page struct {
	Options
	Chrome Chrome
	words  *catalogue
	static *static
}

// Text returns the text of m in the user's language. pairs are the names of its
// placeholders, each followed by its value. If no catalogue has m, Text returns m
// itself.
func (p *Page) Text(m Message, pairs ...string) string { return p.words.text(m, pairs...) }

// Static returns the URL of a file in templates/static, or "" if it does not exist.
func (p *Page) Static(name string) string { return p.static.urls[name] }

// HasLink reports whether the navigation has a link to a route: the page exists,
// and the user may open it.
func (p *Page) HasLink(route string) bool {
	return slices.ContainsFunc(p.Chrome.Nav, func(l Link) bool { return l.URL == p.URL(route) })
}

// seconds returns d in seconds, for a script.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

// bidi returns the text of m with each value in a <bdi> element, so a right-to-left
// value does not reorder the text around it.
func (p *Page) bidi(m Message, pairs ...string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, p.words.markup(m, pairs...))
		return err
	})
}

// Pages renders the HTML pages. It is safe for concurrent use.
type Pages struct {
	options Options
	// languages has the source language first.
	languages []*catalogue
	choose    *negotiator
	explain   map[string]Explanation
	static    *static
	buffers   sync.Pool
}

// New loads the embedded messages and static files. It returns an error if a text
// is malformed.
func New(opt Options) (*Pages, error) { return newFrom(files, opt) }

func newFrom(fsys fs.FS, opt Options) (*Pages, error) {
	static, err := newStatic(fsys, opt.URL(StaticPrefix))
	if err != nil {
		return nil, err
	}
	languages, err := loadCatalogues(fsys)
	if err != nil {
		return nil, err
	}
	return &Pages{
		options:   opt,
		languages: languages,
		choose:    newNegotiator(languages),
		static:    static,
		explain:   explanations(),
		buffers:   sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}, nil
}

// inLanguage returns the catalogue for the languages that r accepts.
func (p *Pages) inLanguage(r *http.Request) *catalogue { return p.languages[p.choose.choose(r)] }

// Language returns the language of the pages for r, as a language tag (RFC 5646).
func (p *Pages) Language(r *http.Request) string { return p.inLanguage(r).lang }

// source returns the catalogue of the source language.
func (p *Pages) source() *catalogue { return p.languages[0] }

// Has reports whether m has a text.
func (p *Pages) Has(m Message) bool { return p.source().has(m) }

// Text returns the text of m in SourceLanguage, for responses that are not pages.
// The text of the empty message is empty.
func (p *Pages) Text(m Message) string { return p.source().text(m) }

// Write renders the page of v in the user's language and sends it. If it returns an
// error, the page could not be rendered and nothing was written. A disconnected
// browser is not an error.
func (p *Pages) Write(w http.ResponseWriter, r *http.Request, status int, c Chrome, v View) error {
	buf := p.buffers.Get().(*bytes.Buffer)
	defer p.release(buf)
	page := &Page{Options: p.options, Chrome: c, words: p.inLanguage(r), static: p.static}
	// With the request's context, templ would return an error after a disconnect.
	if err := layout(page, v).Render(context.Background(), buf); err != nil {
		return fmt.Errorf("page %T: %w", v, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", page.words.lang)
	h.Add("Vary", "Accept-Language")
	body := buf.Bytes()
	if bytes.IndexByte(body, 0) >= 0 { // HTML does not allow NUL, and templ does not escape it
		body = bytes.ReplaceAll(body, []byte{0}, []byte("\uFFFD"))
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

// release puts a buffer back into the pool unless it is too large.
func (p *Pages) release(buf *bytes.Buffer) {
	if buf.Cap() > maxPooledBuffer {
		return
	}
	buf.Reset()
	p.buffers.Put(buf)
}
