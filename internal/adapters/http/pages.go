package http

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"sync"

	"golang.org/x/text/language"

	"webapp/templates"
)

// maxPooledBuffer is the largest buffer, in bytes, that is kept for the next
// page; one large API answer must not stay in memory for good.
const maxPooledBuffer = 64 << 10

// pageOptions are the same for all pages of one process.
type pageOptions struct {
	// Demo puts the demo banner on every page.
	Demo bool
	// AppName names the application in titles and the header.
	AppName string
}

// chrome is what a page shows around its main part.
type chrome struct {
	// SignedIn adds the navigation and the sign-out button to the header.
	SignedIn bool
	// Name is the signed-in person's display name; may be empty.
	Name string
	// Nav are the links of the main navigation; it is shown to signed-in
	// people only.
	Nav []link
	// Current is the URL of the Nav link that is this page, or empty.
	Current string
}

// pages renders the HTML pages. It is safe for concurrent use.
type pages struct {
	// editions has the source language first.
	editions []*edition
	choose   *negotiator
	explain  map[int]explanation
	static   *static
	buffers  sync.Pool
}

// newPages parses the embedded templates; it fails on any that is broken, and
// on a translation that is not whole.
func newPages(opt pageOptions) (*pages, error) {
	return parsePages(templates.Files(), opt)
}

// parsePages makes an edition for each language of fsys. A template that is
// broken is so in every language: translations have the messages and the
// placeholders of the source, and their texts are escaped. So the pages of the
// source language are made here, while the translations are read.
func parsePages(fsys fs.FS, opt pageOptions) (*pages, error) {
	files, err := newStatic(fsys)
	if err != nil {
		return nil, err
	}
	source, err := loadSource(fsys)
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
	p := &pages{
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
func (p *pages) edition(r *http.Request) *edition { return p.editions[p.choose.choose(r)] }

// source is the catalogue of the source language.
func (p *pages) source() *catalogue { return p.editions[0].words }

// write renders the page for v in the language of r's reader and answers with
// it. An error means that the page could not be rendered and that nothing has
// been written yet; headers set before are still there. A browser that goes
// away while it is written to is no error.
func (p *pages) write(w http.ResponseWriter, r *http.Request, status int, c chrome, v view) error {
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
func (p *pages) release(buf *bytes.Buffer) {
	if buf.Cap() > maxPooledBuffer {
		return
	}
	buf.Reset()
	p.buffers.Put(buf)
}
