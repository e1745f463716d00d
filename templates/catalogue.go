package templates

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Message is the key of a text that people read; the texts are in
// templates/messages, one file for each language. A message that no catalogue
// has stands for itself.
type Message string

// SourceLanguage is the language that the others are translated from, and the
// one for readers of none of them.
const SourceLanguage = "en"

// catalogue holds all texts of one language. It does not change once loaded.
type catalogue struct {
	tag     language.Tag
	phrases map[Message]phrase
	// plurals has the phrases that depend on a number.
	plurals map[Message]map[plural.Form]phrase
}

// add takes one entry. A key that ends in [one], [few] and so on is a plural
// form of CLDR.
func (c *catalogue) add(key, text string) error {
	p, err := parsePhrase(text)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	base, suffix, isPlural := strings.Cut(key, "[")
	m := Message(base)
	if !isPlural {
		if _, twice := c.phrases[m]; twice {
			return fmt.Errorf("%s: there twice", key)
		}
		c.phrases[m] = p
		return nil
	}
	form, ok := pluralForm(strings.TrimSuffix(suffix, "]"))
	if !ok {
		return fmt.Errorf("%s: no such plural form", key)
	}
	if c.plurals[m] == nil {
		c.plurals[m] = map[plural.Form]phrase{}
	}
	if _, twice := c.plurals[m][form]; twice {
		return fmt.Errorf("%s: there twice", key)
	}
	c.plurals[m][form] = p
	return nil
}

func pluralForm(name string) (plural.Form, bool) {
	form, ok := map[string]plural.Form{
		"zero": plural.Zero, "one": plural.One, "two": plural.Two,
		"few": plural.Few, "many": plural.Many, "other": plural.Other,
	}[name]
	return form, ok
}

// has reports whether there is a text for m.
func (c *catalogue) has(m Message) bool {
	_, ok := c.phrases[m]
	return ok
}

// text is the text of m, whose placeholders are filled from pairs of a name
// and a value.
func (c *catalogue) text(m Message, pairs ...string) string {
	p, ok := c.phrases[m]
	if !ok {
		return string(m)
	}
	return p.fill(pairs...)
}

// count is the text of m in the plural form for n, with {count} filled.
func (c *catalogue) count(m Message, n int) string {
	forms := c.plurals[m]
	p, ok := forms[plural.Cardinal.MatchPlural(c.tag, n%10_000_000, 0, 0, 0, 0)]
	if !ok {
		p = forms[plural.Other]
	}
	return p.fill("count", strconv.Itoa(n))
}
