package standalone

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
)

// strictReader reads JSON that a person has written. encoding/json ignores unknown
// and repeated members, ignores letter case and stops at the first problem.
// strictReader finds all problems and names the place of each, such as
// "clients[0].secrets[1]".
type strictReader struct{ problems []string }

// reading is a function that reads one value of the document and adds problems. place
// names the value's position, such as "clients[0].secrets[1]".
type reading func(place string, value any)

func (r *strictReader) add(place, format string, args ...any) {
	r.problems = append(r.problems, strings.TrimPrefix(place+": ", ": ")+fmt.Sprintf(format, args...))
}

// document reads a whole JSON text.
func (r *strictReader) document(text []byte, read reading) {
	var syntax any
	if err := json.Unmarshal(text, &syntax); err != nil {
		line := 1
		if at, ok := errors.AsType[*json.SyntaxError](err); ok {
			line += bytes.Count(text[:min(at.Offset, int64(len(text)))], []byte("\n"))
		}
		r.add(fmt.Sprintf("line %d", line), "this is not JSON: %s", err)
		return
	}
	value, err := decode(json.NewDecoder(bytes.NewReader(text)))
	if err != nil { // json.Unmarshal has accepted the text
		r.add("", "this is not JSON: %s", err)
		return
	}
	read("", value)
}

// member is a member of an object.
type member struct {
	name  string
	value any
}

// decode reads a value like json.Unmarshal, but an object becomes a []member, which
// keeps repeated members.
func decode(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		members := []member{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := decode(d)
			if err != nil {
				return nil, err
			}
			members = append(members, member{name.(string), value})
		}
		_, err = d.Token()
		return members, err
	case json.Delim('['):
		items := []any{}
		for d.More() {
			item, err := decode(d)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		_, err = d.Token()
		return items, err
	}
	return token, nil
}

// object reads an object that has only these members.
func (r *strictReader) object(place string, value any, members map[string]reading, required ...string) {
	found, ok := value.([]member)
	if !ok {
		r.add(place, "must be an object in braces")
		return
	}
	seen := map[string]bool{}
	for _, m := range found {
		at := strings.TrimPrefix(place+"."+m.name, ".")
		read, known := members[m.name]
		switch {
		case !known:
			r.add(at, "is unknown; the members are %s", strings.Join(slices.Sorted(maps.Keys(members)), ", "))
		case seen[m.name]:
			r.add(at, "is written twice")
		default:
			read(at, m.value)
		}
		seen[m.name] = true
	}
	for _, name := range required {
		if !seen[name] {
			r.add(strings.TrimPrefix(place+"."+name, "."), "is missing")
		}
	}
}

// list reads a list into into. one returns the function that reads an item.
func list[T any](r *strictReader, into *[]T, one func(into *T) reading) reading {
	return func(place string, value any) {
		items, ok := value.([]any)
		if !ok {
			r.add(place, "must be a list in brackets")
			return
		}
		*into = make([]T, len(items))
		for i, item := range items {
			one(&(*into)[i])(fmt.Sprintf("%s[%d]", place, i), item)
		}
	}
}

// text reads a text that is not empty and has no line break.
func (r *strictReader) text(into *string) reading {
	return func(place string, value any) {
		text, ok := value.(string)
		switch {
		case !ok:
			r.add(place, "must be a text in quotes")
		case strings.TrimSpace(text) == "":
			r.add(place, "is empty")
		case len(text) > maxText || strings.ContainsFunc(text, unicode.IsControl):
			r.add(place, "must be one line of at most %d bytes", maxText)
		default:
			*into = text
		}
	}
}

const maxText = 4096

// textThat reads a text for which fits returns true. must completes the sentence "It must
// be …" of the problem.
func (r *strictReader) textThat(fits func(string) bool, must string) func(*string) reading {
	return func(into *string) reading {
		return func(place string, value any) {
			var text string
			r.text(&text)(place, value)
			if text != "" && !fits(text) {
				r.add(place, "must be %s", must)
				return
			}
			*into = text
		}
	}
}

func (r *strictReader) boolean(into *bool) reading {
	return func(place string, value any) {
		var ok bool
		if *into, ok = value.(bool); !ok {
			r.add(place, "must be true or false")
		}
	}
}

// number reads a whole number from low to high.
func (r *strictReader) number(into *int, low, high int) reading {
	return func(place string, value any) {
		n, ok := value.(float64)
		if !ok || n != math.Trunc(n) || n < float64(low) || n > float64(high) {
			r.add(place, "must be a whole number from %d to %d", low, high)
			return
		}
		*into = int(n)
	}
}
