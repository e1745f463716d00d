// Package templates makes the pages that people read, each in its reader's
// language.
//
// A page is a templ component, in a file NAME.templ beside the type that says
// what it shows: a Home, a SignIn, an Error. Pages.Write renders it, with the
// layout around it. The handlers decide what a person may see, and with which
// status. Everything that a template writes is escaped, and a link that is
// neither a local path nor http(s) or the like is refused.
//
// After a change of a .templ file run "go generate ./...". The generated files
// are committed, so that building needs no other tool than Go.
//
// Words may stand in a template, or in messages/TAG.json, where TAG is a BCP 47
// tag. English is the source: Page.Text takes a text that another language
// lacks from en.json. A key that ends in a CLDR plural form, such as [one], may
// have the forms that the language needs.
package templates

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"sync"

	"github.com/a-h/templ"
)

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.1118 generate

//go:embed messages/*.json static
var files embed.FS

// Files returns the embedded files: messages/*.json and static/*.
func Files() fs.FS { return files }

// maxPooledBuffer is the largest buffer, in bytes, that is kept for the next
// page. One large API response must not stay in memory for good.
const maxPooledBuffer = 64 << 10

// Options are the same for all pages of one process.
type Options struct {
	// Demo puts the demo banner on every page.
	Demo bool
	// AppName names the application in titles and the header.
	AppName string
}

// Chrome is what a page shows around its main part.
type Chrome struct {
	// SignedIn adds the navigation and the sign-out button to the header.
	SignedIn bool
	// Name is the signed-in person's display name. It may be empty.
	Name string
	// Nav are the links of the main navigation. Only signed-in people see it.
	Nav []Link
	// Current is the URL of the Nav link that is this page, or empty.
	Current string
}

// Link leads to another page.
type Link struct {
	Text Message
	URL  string
}

// View is what one page shows. Its type chooses the page.
type View interface {
	// Title names the page in the browser's tab.
	Title(p *Page) string
	// Main is the page's main part.
	Main(p *Page) templ.Component
}

// Page is one page while it is rendered. A template gets it beside its view.
type Page struct {
	Options
	Chrome Chrome
	words  *catalogue
	static *static
}

// Text returns the text of m in the reader's language. pairs are the names of
// its placeholders, each followed by its value. A message that no catalogue has
// is its own text.
func (p *Page) Text(m Message, pairs ...string) string { return p.words.text(m, pairs...) }

// Static returns the address of a file in templates/static. It is empty if
// there is no such file.
func (p *Page) Static(name string) string { return p.static.urls[name] }

// bidi is the text of m with each value in a <bdi> element: a value that is
// written from right to left does not reorder the words around it.
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

// New reads the embedded texts and static files. It fails when a text is
// malformed.
func New(opt Options) (*Pages, error) { return newFrom(files, opt) }

func newFrom(fsys fs.FS, opt Options) (*Pages, error) {
	static, err := newStatic(fsys)
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

// inLanguage is the catalogue for the reader of r.
func (p *Pages) inLanguage(r *http.Request) *catalogue { return p.languages[p.choose.choose(r)] }

// source is the catalogue of the source language.
func (p *Pages) source() *catalogue { return p.languages[0] }

// Has reports whether there is a text for m.
func (p *Pages) Has(m Message) bool { return p.source().has(m) }

// Text returns the text of m in SourceLanguage, for responses that are no page.
// It is empty for no message.
func (p *Pages) Text(m Message) string { return p.source().text(m) }

// Write renders the page of v in the language of r's reader and responds with
// it. An error means that the page could not be rendered and that nothing has
// been written yet; headers that were set before are still there. A browser
// that goes away while the page is written is no error.
func (p *Pages) Write(w http.ResponseWriter, r *http.Request, status int, c Chrome, v View) error {
	buf := p.buffers.Get().(*bytes.Buffer)
	defer p.release(buf)
	page := &Page{Options: p.options, Chrome: c, words: p.inLanguage(r), static: p.static}
	// Not the request's context: templ renders nothing after it is canceled.
	if err := layout(page, v).Render(context.Background(), buf); err != nil {
		return fmt.Errorf("page %T: %w", v, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", page.words.lang)
	h.Add("Vary", "Accept-Language")
	body := buf.Bytes()
	if bytes.IndexByte(body, 0) >= 0 { // HTML has no NUL, and templ leaves it as it is
		body = bytes.ReplaceAll(body, []byte{0}, []byte("\uFFFD"))
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

// release gives a buffer back for the next page.
func (p *Pages) release(buf *bytes.Buffer) {
	if buf.Cap() > maxPooledBuffer {
		return
	}
	buf.Reset()
	p.buffers.Put(buf)
}
