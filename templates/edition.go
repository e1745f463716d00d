package templates

import (
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"sync"
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

// render writes the page of v by its layout.
func (s *site) render(w io.Writer, layout *template.Template, c Chrome, v View) error {
	return layout.Execute(w, &pageData{Site: s, Chrome: c, Body: v})
}

// pageData is what a template sees as its dot.
type pageData struct {
	Site   *site
	Chrome Chrome
	Body   View
}

// edition is all pages in one language.
type edition struct {
	site  *site
	words *catalogue
	// layouts makes the pages when they are first needed: most processes never
	// serve all languages.
	layouts func() (map[pageName]*template.Template, error)
}

func newEdition(fsys fs.FS, words *catalogue, opt Options, files *static) *edition {
	e := &edition{words: words, site: &site{
		AppName: opt.AppName, Demo: opt.Demo, Lang: words.tag.String(), Dir: words.text("language.direction"),
		StyleURL: files.styleURL, IconURL: files.iconURL,
	}}
	e.layouts = sync.OnceValues(func() (map[pageName]*template.Template, error) { return makePages(fsys, words, e.site) })
	return e
}

func (e *edition) render(w io.Writer, c Chrome, v View) error {
	layouts, err := e.layouts()
	if err != nil {
		return err
	}
	if err := e.site.render(w, layouts[v.page()], c, v); err != nil {
		return fmt.Errorf("page %s: %w", v.page(), err)
	}
	return nil
}
