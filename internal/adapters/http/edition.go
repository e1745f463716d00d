package http

import (
	"fmt"
	"html/template"
	"io"
	"io/fs"
)

// site is what all pages of one language share.
type site struct {
	AppName string
	Demo    bool
	// Lang is the BCP 47 tag of the page's language, Dir its direction.
	Lang     string
	Dir      string
	StyleURL string
	IconURL  string
}

// pageData is what a template sees as its dot.
type pageData struct {
	Site   *site
	Chrome chrome
	Body   view
}

// edition is all pages in one language.
type edition struct {
	site  site
	words *catalogue
	sets  map[pageName]*template.Template
}

// newEdition makes one template set for each page of fsys: the layout and the
// page's own file, which defines "title" and "main".
func newEdition(fsys fs.FS, words *catalogue, opt pageOptions, files *static) (*edition, error) {
	e := &edition{
		site: site{
			AppName: opt.AppName, Demo: opt.Demo, Lang: words.tag.String(), Dir: words.text("language.direction"),
			StyleURL: files.styleURL, IconURL: files.iconURL,
		},
		words: words,
		sets:  make(map[pageName]*template.Template),
	}
	for _, v := range emptyViews() {
		if err := e.parse(fsys, v); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// parse adds the page of v and tries it. Only the first execution escapes the
// templates and looks up what they name, so without a trial a broken one would
// fail a request.
func (e *edition) parse(fsys fs.FS, v view) error {
	name := v.page()
	set, err := template.New(string(name)).Funcs(e.words.funcs()).ParseFS(fsys, "layout.html", string(name)+".html")
	if err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	if err := e.words.inline(set); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	e.sets[name] = set.Lookup("layout")
	if e.sets[name] == nil {
		return fmt.Errorf("page %s: layout.html does not define the template layout", name)
	}
	return e.render(io.Discard, chrome{}, v)
}

func (e *edition) render(w io.Writer, c chrome, v view) error {
	name := v.page()
	if err := e.sets[name].Execute(w, &pageData{Site: &e.site, Chrome: c, Body: v}); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	return nil
}
