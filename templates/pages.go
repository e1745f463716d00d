package templates

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"sync"

	"golang.org/x/text/language"
)

// maxPooledBuffer is the largest buffer, in bytes, that is kept for the next
// page; one large API answer must not stay in memory for good.
const maxPooledBuffer = 64 << 10

// Options are the same for all pages of one process.
type Options struct {
	// Demo puts the demo banner on every page.
	Demo bool
	// AppName names the application in titles and the header.
	AppName string
	// Messages are those whose keys the caller puts together; each must have a
	// text.
	Messages []Message
}

// Chrome is what a page shows around its main part.
type Chrome struct {
	// SignedIn adds the navigation and the sign-out button to the header.
	SignedIn bool
	// Name is the signed-in person's display name; may be empty.
	Name string
	// Nav are the links of the main navigation; it is shown to signed-in
	// people only.
	Nav []Link
	// Current is the URL of the Nav link that is this page, or empty.
	Current string
}

// Pages renders the HTML pages. It is safe for concurrent use.
type Pages struct {
	// editions has the source language first.
	editions []*edition
	choose   *negotiator
	explain  map[string]Explanation
	static   *static
	buffers  sync.Pool
}

// New parses the embedded templates; it fails on any that is broken, on a
// translation that is not whole and on a message of opt without a text.
func New(opt Options) (*Pages, error) {
	return newFrom(Files(), opt)
}

// newFrom makes an edition for each language of fsys. A template that is
// broken is so in every language: translations have the messages and the
// placeholders of the source, and their texts are escaped. So the pages of the
// source language are made here, while the translations are read.
func newFrom(fsys fs.FS, opt Options) (*Pages, error) {
	files, err := newStatic(fsys)
	if err != nil {
		return nil, err
	}
	source, err := loadSource(fsys, opt.Messages)
	if err != nil {
		return nil, err
	}
	translations := later(func() ([]*catalogue, error) { return loadTranslations(fsys, source) })
	e := newEdition(fsys, source, opt, files)
	_, err = e.layouts()
	others, otherErr := translations()
	if err := errors.Join(err, otherErr); err != nil {
		return nil, err
	}
	p := &Pages{
		editions: []*edition{e},
		static:   files,
		explain:  explanations(),
		buffers:  sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	tags := []language.Tag{source.tag}
	for _, c := range others {
		p.editions = append(p.editions, newEdition(fsys, c, opt, files))
		tags = append(tags, c.tag)
	}
	p.choose = newNegotiator(tags)
	return p, nil
}

// later begins f and returns what waits for its end.
func later[T any](f func() (T, error)) func() (T, error) {
	once := sync.OnceValues(f)
	go func() { _, _ = once() }()
	return once
}

// edition is the one for the reader of r.
func (p *Pages) edition(r *http.Request) *edition { return p.editions[p.choose.choose(r)] }

// source is the catalogue of the source language.
func (p *Pages) source() *catalogue { return p.editions[0].words }

// Has reports whether there is a text for m.
func (p *Pages) Has(m Message) bool { return p.source().has(m) }

// Text is the text of m in SourceLanguage, for what is no page. It is empty for
// no message.
func (p *Pages) Text(m Message) string { return p.source().text(m) }

// Write renders the page for v in the language of r's reader and answers with
// it. An error means that the page could not be rendered and that nothing has
// been written yet; headers set before are still there. A browser that goes
// away while it is written to is no error.
func (p *Pages) Write(w http.ResponseWriter, r *http.Request, status int, c Chrome, v View) error {
	buf := p.buffers.Get().(*bytes.Buffer)
	defer p.release(buf)
	e := p.edition(r)
	if err := e.render(buf, c, v); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", e.site.Lang)
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes())
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
