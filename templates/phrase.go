package templates

import (
	"errors"
	"slices"
	"strings"
)

// phrase is a text cut at its placeholders: texts[0] names[0] texts[1] …
type phrase struct {
	texts []string
	names []string
}

var errStrayBrace = errors.New("a brace that belongs to no {placeholder}")

// parsePhrase cuts text at its placeholders, such as {name}.
func parsePhrase(text string) (phrase, error) {
	if text == "" || text != strings.TrimSpace(text) {
		return phrase{}, errors.New("empty, or with space at an end")
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

// fill puts the values of pairs (name, value, …) into the placeholders. One
// that pairs does not name stays empty.
func (p phrase) fill(pairs ...string) string {
	if len(p.names) == 0 {
		return p.texts[0]
	}
	var b strings.Builder
	b.Grow(64)
	for i, name := range p.names {
		b.WriteString(p.texts[i])
		for j := 0; j+1 < len(pairs); j += 2 {
			if pairs[j] == name {
				b.WriteString(pairs[j+1])
			}
		}
	}
	b.WriteString(p.texts[len(p.names)])
	return b.String()
}

// placeholders are the names in p, sorted, each once.
func (p phrase) placeholders() []string {
	if len(p.names) < 2 {
		return p.names
	}
	return slices.Compact(slices.Sorted(slices.Values(p.names)))
}
