package templates

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
)

// makePages makes one template set for each page of fsys, in the language of
// words: the layout and the page's own file, which defines "title" and "main".
// Each is tried with its empty view. Only the first execution escapes the
// templates and looks up what they name, so without a trial a broken one would
// fail a request.
func makePages(fsys fs.FS, words *catalogue, on *site) (map[pageName]*template.Template, error) {
	layout, err := parseFile(template.New("").Funcs(words.funcs()), fsys, "layout", words)
	if err != nil {
		return nil, fmt.Errorf("page layout: %w", err)
	}
	made := make(map[pageName]*template.Template)
	for _, v := range emptyViews() {
		set, err := layout.Clone()
		if err == nil {
			set, err = parseFile(set, fsys, string(v.page()), words)
		}
		if err == nil {
			made[v.page()], err = layoutOf(set)
		}
		if err == nil {
			err = on.render(io.Discard, made[v.page()], Chrome{}, v)
		}
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", v.page(), err)
		}
	}
	return made, nil
}

// parseFile adds a file to set and puts the texts into its templates.
func parseFile(set *template.Template, fsys fs.FS, name string, words *catalogue) (*template.Template, error) {
	file := name + ".html"
	set, err := set.ParseFS(fsys, file)
	if err != nil {
		return nil, err
	}
	for _, t := range set.Templates() {
		if t.Tree == nil || t.Tree.ParseName != file {
			continue
		}
		if err := words.inline(t.Tree.Root); err != nil {
			return nil, fmt.Errorf("template %s: %w", t.Name(), err)
		}
	}
	return set, nil
}

func layoutOf(set *template.Template) (*template.Template, error) {
	layout := set.Lookup("layout")
	if layout == nil {
		return nil, errors.New("layout.html does not define the template layout")
	}
	return layout, nil
}
