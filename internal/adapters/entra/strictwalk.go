package entra

import (
	"bytes"
	"encoding/json"
)

// walker goes over JSON that is known to be valid and finds what validity does
// not exclude. (json.Decoder's tokens would do too, and took a third of a
// sign-in's time here; a fuzz target holds the two against each other.)
type walker struct {
	data []byte
	at   int
}

// value passes over one value and refuses a member that stands twice.
func (w *walker) value(depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	switch w.peek() {
	case '{':
		return w.list('}', func() error { return w.value(depth + 1) }, make(map[string]struct{}, 16))
	case '[':
		return w.list(']', func() error { return w.value(depth + 1) }, nil)
	case '"':
		w.text()
	default:
		for w.at < len(w.data) && bytes.IndexByte([]byte(",]} \t\r\n"), w.data[w.at]) < 0 {
			w.at++
		}
	}
	return nil
}

// list passes over the members of an object, whose names seen collects, or the
// elements of an array, which have none.
func (w *walker) list(end byte, value func() error, seen map[string]struct{}) error {
	w.at++
	for c := w.peek(); c != end && c != 0; c = w.peek() {
		if c == ',' {
			w.at++
		}
		if seen != nil {
			w.peek()
			name := w.text()
			if _, twice := seen[name]; twice {
				return errDuplicate
			}
			seen[name] = struct{}{}
			w.peek()
			w.at++ // the colon
		}
		if err := value(); err != nil {
			return err
		}
	}
	w.at++
	return nil
}

// peek passes over blanks and answers the next byte, 0 at the end.
func (w *walker) peek() byte {
	for ; w.at < len(w.data); w.at++ {
		switch c := w.data[w.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// text passes over a string and answers what it says, escapes resolved: a name
// is the same however it is written.
func (w *walker) text() string {
	start, escaped := w.at, false
	for w.at++; w.at < len(w.data) && w.data[w.at] != '"'; w.at++ {
		if w.data[w.at] == '\\' {
			escaped = true
			w.at++
		}
	}
	w.at = min(w.at+1, len(w.data))
	quoted := w.data[start:w.at]
	if !escaped {
		return string(bytes.Trim(quoted, `"`))
	}
	var resolved string
	if json.Unmarshal(quoted, &resolved) != nil {
		return string(quoted)
	}
	return resolved
}
