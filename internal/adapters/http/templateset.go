package http

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
)

// templateSets holds one template set for each page: the layout and the page's
// own file, which defines "title" and "main". Messages are not in it yet.
type templateSets map[pageName]*template.Template

// parseTemplates reads each file of fsys once; the languages share the result.
func parseTemplates(fsys fs.FS) (templateSets, error) {
	layout, err := template.New("layout.html").Funcs((&catalogue{}).funcs()).ParseFS(fsys, "layout.html")
	if err != nil {
		return nil, fmt.Errorf("the layout: %w", err)
	}
	sets := make(templateSets)
	for _, v := range emptyViews() {
		set, err := layout.Clone()
		if err == nil {
			set, err = set.ParseFS(fsys, string(v.page())+".html")
		}
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", v.page(), err)
		}
		sets[v.page()] = set
	}
	return sets, nil
}

// in answers the pages in the language of words, each tried with its empty
// view. Only the first execution escapes the templates and looks up what they
// name, so without a trial a broken one would fail a request.
func (s templateSets) in(words *catalogue, on *site) (map[pageName]*template.Template, error) {
	made := make(map[pageName]*template.Template, len(s))
	for _, v := range emptyViews() {
		set, err := s[v.page()].Clone()
		if err == nil {
			err = words.inline(set.Funcs(words.funcs()))
		}
		if err == nil {
			made[v.page()], err = layoutOf(set)
		}
		if err == nil {
			err = on.render(io.Discard, made[v.page()], chrome{}, v)
		}
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", v.page(), err)
		}
	}
	return made, nil
}

func layoutOf(set *template.Template) (*template.Template, error) {
	layout := set.Lookup("layout")
	if layout == nil {
		return nil, errors.New("layout.html does not define the template layout")
	}
	return layout, nil
}
