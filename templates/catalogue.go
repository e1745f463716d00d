package templates

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
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
	tag   language.Tag
	lang  string // tag as text
	texts map[Message]string
	// plurals has the texts that depend on a number.
	plurals map[Message]map[plural.Form]string
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
	c := &catalogue{tag: tag, lang: lang,
		texts: make(map[Message]string, bytes.Count(file, []byte("\n"))), plurals: map[Message]map[plural.Form]string{}}
	if err := c.read(file); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// read adds the texts of a file, a JSON object of strings.
func (c *catalogue) read(file []byte) error {
	in := jsontext.NewDecoder(bytes.NewBuffer(file), jsontext.AllowDuplicateNames(true)) // add refuses them
	if in.PeekKind() != '{' {
		return errors.New("not a JSON object")
	}
	if _, err := in.ReadToken(); err != nil {
		return err
	}
	for in.PeekKind() == '"' {
		token, err := in.ReadToken()
		if err != nil {
			return err
		}
		key := token.String()
		value, err := in.ReadValue()
		if err != nil {
			return err
		}
		text, err := unquote(value)
		if err == nil {
			err = c.add(key, text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	if _, err := in.ReadToken(); err != nil {
		return err
	}
	if _, err := in.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("more text after the object")
	}
	return nil
}

// unquote returns the text of a JSON string. Texts seldom have an escape sequence, and
// without one it is the quoted text.
func unquote(value jsontext.Value) (string, error) {
	if value.Kind() != '"' {
		return "", errors.New("not a text")
	}
	if !bytes.Contains(value, []byte(`\`)) {
		return string(value[1 : len(value)-1]), nil
	}
	text, err := jsontext.AppendUnquote(nil, value)
	return string(text), err
}

// add adds a text. A key with a CLDR plural form, such as [one], adds that form.
func (c *catalogue) add(key, text string) error {
	if text == "" || text != strings.TrimSpace(text) {
		return errors.New("empty, or with a space at the start or end")
	}
	if _, err := placeholders(text); err != nil {
		return err
	}
	base, suffix, isPlural := strings.Cut(key, "[")
	m := Message(base)
	if !isPlural {
		if c.has(m) {
			return errTwice
		}
		c.texts[m] = text
		return nil
	}
	form, ok := pluralForms[strings.TrimSuffix(suffix, "]")]
	if !ok {
		return errors.New("no such plural form")
	}
	if c.plurals[m] == nil {
		c.plurals[m] = map[plural.Form]string{}
	}
	if _, twice := c.plurals[m][form]; twice {
		return errTwice
	}
	c.plurals[m][form] = text
	return nil
}

var (
	errTwice      = errors.New("the key occurs twice")
	errStrayBrace = errors.New("a brace without a {placeholder}")
)

var pluralForms = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two,
	"few": plural.Few, "many": plural.Many, "other": plural.Other,
}

// fallBackTo adds the texts that c does not have from source. It returns an error
// if a text of c has other placeholders than the source, because a value would be
// lost.
func (c *catalogue) fallBackTo(source *catalogue) error {
	for m, want := range source.texts {
		got, ok := c.texts[m]
		if !ok {
			c.texts[m] = want
			continue
		}
		has, _ := placeholders(got) // add has checked both texts
		needs, _ := placeholders(want)
		if !slices.Equal(has, needs) {
			return fmt.Errorf("%s: has the placeholders %v, but needs %v", m, has, needs)
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
	_, ok := c.texts[m]
	return ok
}

// text returns the text of m. pairs are the names of its placeholders, each
// followed by its value.
func (c *catalogue) text(m Message, pairs ...string) string {
	text, ok := c.texts[m]
	if !ok {
		return string(m)
	}
	return fillIn(text, pairs, func(value string) string { return value })
}

// markup returns the text of m as HTML, with each value in a <bdi> element.
func (c *catalogue) markup(m Message, pairs ...string) string {
	text, ok := c.texts[m]
	if !ok {
		return html.EscapeString(string(m))
	}
	return fillIn(html.EscapeString(text), pairs, func(value string) string { return "<bdi>" + html.EscapeString(value) + "</bdi>" })
}

// count returns the text of m in the plural form for n, with {count} filled in.
func (c *catalogue) count(m Message, n int) string {
	forms := c.plurals[m]
	text, ok := forms[plural.Cardinal.MatchPlural(c.tag, n%10_000_000, 0, 0, 0, 0)]
	if !ok {
		text = forms[plural.Other]
	}
	return fillIn(text, []string{"count", strconv.Itoa(n)}, func(value string) string { return value })
}

// fillIn replaces the placeholders of text, such as {name}, by the values of pairs
// (name, value, …), each formatted by show. A placeholder without a value becomes
// empty.
func fillIn(text string, pairs []string, show func(value string) string) string {
	before, after, more := strings.Cut(text, "{")
	if !more {
		return text
	}
	var b strings.Builder
	b.Grow(64)
	for more {
		b.WriteString(before)
		name, rest, _ := strings.Cut(after, "}")
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				b.WriteString(show(pairs[i+1]))
			}
		}
		before, after, more = strings.Cut(rest, "{")
	}
	b.WriteString(before)
	return b.String()
}

// placeholders returns the names of the placeholders of text, sorted and without
// duplicates.
func placeholders(text string) ([]string, error) {
	var names []string
	for {
		before, after, more := strings.Cut(text, "{")
		if strings.Contains(before, "}") {
			return nil, errStrayBrace
		}
		if !more {
			slices.Sort(names)
			return slices.Compact(names), nil
		}
		name, rest, closed := strings.Cut(after, "}")
		if !closed || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz") != "" {
			return nil, errStrayBrace
		}
		names, text = append(names, name), rest
	}
}
