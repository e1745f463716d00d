package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// loadSource reads the catalogue of the source language, which must have what
// is needed.
func loadSource(fsys fs.FS, needed []Message) (*catalogue, error) {
	source, err := loadCatalogue(fsys, SourceLanguage)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(source.complete(needed), source.fits(source)); err != nil {
		return nil, fmt.Errorf("messages/%s.json: %w", SourceLanguage, err)
	}
	return source, nil
}

// loadTranslations reads the other messages/*.json of fsys. A file is named by
// its BCP 47 tag. All must have the keys and placeholders of the source
// language, so that no page is half translated.
func loadTranslations(fsys fs.FS, source *catalogue) ([]*catalogue, error) {
	names, err := fs.Glob(fsys, "messages/*.json")
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	var all []*catalogue
	for _, name := range names {
		lang := strings.TrimSuffix(path.Base(name), ".json")
		if lang == SourceLanguage {
			continue
		}
		c, err := loadCatalogue(fsys, lang)
		if err != nil {
			return nil, err
		}
		if err := c.fits(source); err != nil {
			return nil, fmt.Errorf("messages/%s.json: %w", lang, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func loadCatalogue(fsys fs.FS, lang string) (*catalogue, error) {
	tag, err := language.Parse(lang)
	if err != nil || tag.String() != lang {
		return nil, fmt.Errorf("messages/%s.json: the name is no language tag as BCP 47 writes it", lang)
	}
	file, err := fs.ReadFile(fsys, "messages/"+lang+".json")
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	const many = 300 // about as many as there are; a map that grows is garbage
	c := &catalogue{tag: tag, phrases: make(map[Message]phrase, many), plurals: map[Message]map[plural.Form]phrase{}}
	if err := eachMember(file, c.add); err != nil {
		return nil, fmt.Errorf("messages/%s.json: %w", lang, err)
	}
	return c, nil
}
