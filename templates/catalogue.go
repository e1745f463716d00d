package templates

import (
	"errors"
	"fmt"
	"html"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Message is the key of a text in templates/messages. A key without a text is
// shown as it is.
type Message string

// SourceLanguage is the language of the original texts, and of users without a
// supported language.
const SourceLanguage = "en"

// catalogue has all texts of one language. It is immutable after loading.
type catalogue struct {
	tag     language.Tag
	lang    string // tag as text
	phrases map[Message]phrase
	// plurals has the texts that depend on a number.
	plurals map[Message]map[plural.Form]phrase
}

// loadCatalogues reads messages/*.json of fsys. The source language comes first.
// Texts that a translation does not have come from the source language.
func loadCatalogues(fsys fs.FS) ([]*catalogue, error) {
	source, err := loadCatalogue(fsys, SourceLanguage)
	if err != nil {
		return nil, err
	}
	all := []*catalogue{source}
	names, err := fs.Glob(fsys, "messages/*.json")
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	for _, name := range names {
		lang := strings.TrimSuffix(path.Base(name), ".json")
		if lang == SourceLanguage {
			continue
		}
		c, err := loadCatalogue(fsys, lang)
		if err != nil {
			return nil, err
		}
		if err := c.fallBackTo(source); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func loadCatalogue(fsys fs.FS, lang string) (*catalogue, error) {
	name := "messages/" + lang + ".json"
	tag, err := language.Parse(lang)
	if err != nil || tag.String() != lang {
		return nil, fmt.Errorf("%s: the name must be a canonical BCP 47 language tag", name)
	}
	file, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	var texts map[string]string
	if err := json.Unmarshal(file, &texts); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	c := &catalogue{tag: tag, lang: lang,
		phrases: make(map[Message]phrase, len(texts)), plurals: map[Message]map[plural.Form]phrase{}}
	for key, text := range texts {
		if err := c.add(key, text); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, key, err)
		}
	}
	return c, nil
}

// add adds a text. A key with a CLDR plural form, such as [one], adds that form.
func (c *catalogue) add(key, text string) error {
	p, err := parsePhrase(text)
	if err != nil {
		return err
	}
	base, suffix, isPlural := strings.Cut(key, "[")
	m := Message(base)
	if !isPlural {
		c.phrases[m] = p
		return nil
	}
	form, ok := pluralForms[strings.TrimSuffix(suffix, "]")]
	if !ok {
		return errors.New("no such plural form")
	}
	if c.plurals[m] == nil {
		c.plurals[m] = map[plural.Form]phrase{}
	}
	c.plurals[m][form] = p
	return nil
}

var pluralForms = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two,
	"few": plural.Few, "many": plural.Many, "other": plural.Other,
}

// fallBackTo adds the texts that c does not have from source. It returns an error
// if a text of c has other placeholders than the source, because a value would be
// lost.
func (c *catalogue) fallBackTo(source *catalogue) error {
	for m, want := range source.phrases {
		got, ok := c.phrases[m]
		if !ok {
			c.phrases[m] = want
		} else if !slices.Equal(got.placeholders(), want.placeholders()) {
			return fmt.Errorf("%s: has the placeholders %v, but needs %v", m, got.placeholders(), want.placeholders())
		}
	}
	for m, forms := range source.plurals {
		if _, ok := c.plurals[m][plural.Other]; !ok {
			c.plurals[m] = forms
		}
	}
	return nil
}

// has reports whether m has a text.
func (c *catalogue) has(m Message) bool {
	_, ok := c.phrases[m]
	return ok
}

// text returns the text of m. pairs are the names of its placeholders, each
// followed by its value.
func (c *catalogue) text(m Message, pairs ...string) string {
	p, ok := c.phrases[m]
	if !ok {
		return string(m)
	}
	return p.fill(pairs, func(value string) string { return value })
}

// markup returns the text of m as HTML, with each value in a <bdi> element.
func (c *catalogue) markup(m Message, pairs ...string) string {
	p, ok := c.phrases[m]
	if !ok {
		return html.EscapeString(string(m))
	}
	escaped := phrase{names: p.names, texts: make([]string, len(p.texts))}
	for i, text := range p.texts {
		escaped.texts[i] = html.EscapeString(text)
	}
	return escaped.fill(pairs, func(value string) string { return "<bdi>" + html.EscapeString(value) + "</bdi>" })
}

// count returns the text of m in the plural form for n, with {count} filled in.
func (c *catalogue) count(m Message, n int) string {
	forms := c.plurals[m]
	p, ok := forms[plural.Cardinal.MatchPlural(c.tag, n%10_000_000, 0, 0, 0, 0)]
	if !ok {
		p = forms[plural.Other]
	}
	return p.fill([]string{"count", strconv.Itoa(n)}, func(value string) string { return value })
}

// phrase is a text split at its placeholders: texts[0] names[0] texts[1] …
type phrase struct {
	texts []string
	names []string
}

var errStrayBrace = errors.New("a brace without a {placeholder}")

// parsePhrase splits text at its placeholders, such as {name}.
func parsePhrase(text string) (phrase, error) {
	if text == "" || text != strings.TrimSpace(text) {
		return phrase{}, errors.New("empty, or with a space at the start or end")
	}
	var p phrase
	for {
		before, after, more := strings.Cut(text, "{")
		if strings.Contains(before, "}") {
			return phrase{}, errStrayBrace
		}
		p.texts = append(p.texts, before)
		if !more {
			return p, nil
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") != "" {
			return phrase{}, errStrayBrace
		}
		p.names, text = append(p.names, name), rest
	}
}

// fill replaces the placeholders by the values of pairs (name, value, …), each
// formatted by show. A placeholder without a value becomes empty.
func (p phrase) fill(pairs []string, show func(value string) string) string {
	if len(p.names) == 0 {
		return p.texts[0]
	}
	var b strings.Builder
	b.Grow(64)
	for i, name := range p.names {
		b.WriteString(p.texts[i])
		for j := 0; j+1 < len(pairs); j += 2 {
			if pairs[j] == name {
				b.WriteString(show(pairs[j+1]))
			}
		}
	}
	b.WriteString(p.texts[len(p.names)])
	return b.String()
}

// placeholders returns the names of p's placeholders, sorted and without
// duplicates.
func (p phrase) placeholders() []string {
	return slices.Compact(slices.Sorted(slices.Values(p.names)))
}
