package http

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// loadSource reads the catalogue of the source language.
func loadSource(fsys fs.FS) (*catalogue, error) {
	source, err := loadCatalogue(fsys, sourceLanguage)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(source.complete(), source.fits(source)); err != nil {
		return nil, fmt.Errorf("messages/%s.json: %w", sourceLanguage, err)
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
		if lang == sourceLanguage {
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
	file, err := fsys.Open("messages/" + lang + ".json")
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	defer func() { _ = file.Close() }()
	c := &catalogue{tag: tag, phrases: map[message]phrase{}, plurals: map[message]map[plural.Form]phrase{}}
	if err := eachMember(json.NewDecoder(file), c.add); err != nil {
		return nil, fmt.Errorf("messages/%s.json: %w", lang, err)
	}
	return c, nil
}

// eachMember calls add for each member of a flat JSON object, in order and
// with duplicates, which decoding into a map would hide.
func eachMember(d *json.Decoder, add func(key, text string) error) error {
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("no JSON object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		text, err := d.Token()
		if err != nil {
			return err
		}
		s, ok := text.(string)
		if !ok {
			return fmt.Errorf("%v: not a text", key)
		}
		if err := add(key.(string), s); err != nil { // a member's name is a string
			return err
		}
	}
	_, err := d.Token()
	return err
}
