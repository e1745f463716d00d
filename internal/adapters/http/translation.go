package http

import (
	"fmt"
	"slices"

	"golang.org/x/text/feature/plural"
)

// fits checks that c is a whole translation of source: the same keys, and in
// each text the same placeholders. Plural forms may differ, as languages do,
// but each plural has the form "other".
func (c *catalogue) fits(source *catalogue) error {
	for m, want := range source.phrases {
		got, ok := c.phrases[m]
		if !ok {
			return fmt.Errorf("%s is missing", m)
		}
		if !slices.Equal(got.placeholders(), want.placeholders()) {
			return fmt.Errorf("%s: has the placeholders %v, but needs %v", m, got.placeholders(), want.placeholders())
		}
	}
	for m := range c.phrases {
		if !source.has(m) {
			return fmt.Errorf("%s is not in the source language", m)
		}
	}
	return c.pluralsFit(source)
}

func (c *catalogue) pluralsFit(source *catalogue) error {
	for m := range source.plurals {
		if _, ok := c.plurals[m]; !ok {
			return fmt.Errorf("%s is missing", m)
		}
	}
	for m, forms := range c.plurals {
		if _, ok := source.plurals[m]; !ok {
			return fmt.Errorf("%s is not in the source language", m)
		}
		if _, ok := forms[plural.Other]; !ok {
			return fmt.Errorf("%s[other] is missing", m)
		}
		for _, p := range forms {
			if !slices.Equal(p.placeholders(), []string{"count"}) {
				return fmt.Errorf("%s: the placeholder of a plural is {count}", m)
			}
		}
	}
	return nil
}
