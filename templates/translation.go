package templates

import (
	"fmt"
	"slices"
	"strconv"

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

// complete checks that c has every text that is asked for by code, not by a
// template: those that are needed by the caller of New, and those of AADSTS
// numbers and of times.
func (c *catalogue) complete(needed []Message) error {
	wanted := slices.Clone(needed)
	for _, e := range explanations() {
		wanted = append(wanted, e.Heading, e.Sentence, e.Next, e.Remedy)
	}
	for month := range 12 {
		wanted = append(wanted, Message("date.month."+strconv.Itoa(month+1)))
	}
	wanted = append(wanted, "language.direction", "date", "distance.now", "distance.soon", "distance.past", "distance.future", "span")
	for _, m := range wanted {
		if !c.has(m) {
			return fmt.Errorf("%s is missing", m)
		}
	}
	for _, m := range []Message{spanDays, spanHours, spanMinutes} {
		if _, ok := c.plurals[m]; !ok {
			return fmt.Errorf("%s[other] is missing", m)
		}
	}
	return nil
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
