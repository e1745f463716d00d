package http

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"sync"

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

// site is what all pages share.
type site struct {
	AppName  string
	Demo     bool
	Lang     string
	StyleURL string
	IconURL  string
}

// pageData is what a template sees as its dot.
type pageData struct {
	Site   *site
	Chrome chrome
	Body   view
}

// pages renders the HTML pages. It is safe for concurrent use.
type pages struct {
	site    site
	sets    map[pageName]*template.Template
	static  *static
	buffers sync.Pool
}

// newPages parses the embedded templates; it fails on any that is broken.
func newPages(opt pageOptions) (*pages, error) {
	return parsePages(templates.Files(), opt)
}

// parsePages makes one template set for each page of fsys: the layout and the
// page's own file, which defines "title" and "main".
func parsePages(fsys fs.FS, opt pageOptions) (*pages, error) {
	files, err := newStatic(fsys)
	if err != nil {
		return nil, err
	}
	p := &pages{
		site: site{
			AppName: opt.AppName, Demo: opt.Demo, Lang: "en",
			StyleURL: files.styleURL, IconURL: files.iconURL,
		},
		sets:    make(map[pageName]*template.Template),
		static:  files,
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	for _, v := range emptyViews() {
		if err := p.parse(fsys, v); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// parse adds the page of v and tries it. Only the first execution escapes the
// templates and looks up what they name, so without a trial a broken one would
// fail a request.
func (p *pages) parse(fsys fs.FS, v view) error {
	name := v.page()
	set, err := template.ParseFS(fsys, "layout.html", string(name)+".html")
	if err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	p.sets[name] = set.Lookup("layout")
	if p.sets[name] == nil {
		return fmt.Errorf("page %s: layout.html does not define the template layout", name)
	}
	return p.render(io.Discard, chrome{}, v)
}

func (p *pages) render(w io.Writer, c chrome, v view) error {
	name := v.page()
	if err := p.sets[name].Execute(w, &pageData{Site: &p.site, Chrome: c, Body: v}); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	return nil
}

// write renders the page for v and answers with it. An error means that the
// page could not be rendered and that nothing has been written yet; headers
// set before are still there. A browser that goes away while it is written to
// is no error.
func (p *pages) write(w http.ResponseWriter, status int, c chrome, v view) error {
	buf := p.buffers.Get().(*bytes.Buffer)
	defer p.release(buf)
	if err := p.render(buf, c, v); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
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
