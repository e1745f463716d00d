package entra

import (
	"bytes"
	"encoding/json"
)

// walker goes over JSON (RFC 8259) once: it checks the grammar and, on the way,
// what the grammar leaves open. encoding/json would do it in three passes, which
// took a third of a sign-in's time here; a fuzz target holds the two against
// each other.
type walker struct {
	data []byte
	at   int
}

// value passes over one value and refuses a member that stands twice.
func (w *walker) value(depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	switch c := w.peek(); {
	case c == '{':
		var seen nameSet
		return w.members(func(name string) error {
			if !seen.add(name) {
				return errDuplicate
			}
			return w.value(depth + 1)
		})
	case c == '[':
		return w.elements(func() error { return w.value(depth + 1) })
	case c == '"':
		_, err := w.text()
		return err
	case c == '-' || isDigit(c):
		return w.number()
	}
	return w.word()
}

// members passes over an object; each is called before every member's value
// and passes over that.
func (w *walker) members(each func(name string) error) error {
	return w.list('}', func() error {
		if w.peek() != '"' {
			return errNotObject
		}
		quoted, err := w.text()
		if err != nil {
			return err
		}
		name, ok := unquote(quoted)
		if !ok || w.peek() != ':' {
			return errNotObject
		}
		w.at++
		return each(name)
	})
}

// elements passes over an array; each passes over one element.
func (w *walker) elements(each func() error) error { return w.list(']', each) }

func (w *walker) list(end byte, each func() error) error {
	w.at++
	if w.peek() == end {
		w.at++
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		switch w.peek() {
		case ',':
			w.at++
		case end:
			w.at++
			return nil
		default:
			return errNotObject
		}
	}
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

// text passes over a string and answers it, quotes included.
func (w *walker) text() ([]byte, error) {
	for at := w.at + 1; at < len(w.data); at++ {
		switch c := w.data[at]; {
		case c == '"':
			quoted := w.data[w.at : at+1]
			w.at = at + 1
			return quoted, nil
		case c < ' ':
			return nil, errNotObject
		case c == '\\':
			n := escapeLength(w.data[at+1:])
			if n == 0 {
				return nil, errNotObject
			}
			at += n
		}
	}
	return nil, errNotObject
}

// escapeLength answers how many bytes after a backslash belong to it, 0 where
// they make no escape.
func escapeLength(after []byte) int {
	switch {
	case len(after) == 0:
		return 0
	case bytes.IndexByte([]byte(`"\/bfnrt`), after[0]) >= 0:
		return 1
	case after[0] != 'u' || len(after) < 5:
		return 0
	}
	for _, c := range after[1:5] {
		if !isDigit(c) && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return 0
		}
	}
	return 5
}

// number passes over a number.
func (w *walker) number() error {
	w.skip("-")
	if !w.skip("0") && !w.digits() {
		return errNotObject
	}
	if w.skip(".") && !w.digits() {
		return errNotObject
	}
	if w.skip("eE") {
		w.skip("+-")
		if !w.digits() {
			return errNotObject
		}
	}
	return nil
}

// skip passes over the next byte if it is one of these.
func (w *walker) skip(one string) bool {
	if w.at == len(w.data) || bytes.IndexByte([]byte(one), w.data[w.at]) < 0 {
		return false
	}
	w.at++
	return true
}

func (w *walker) digits() bool {
	start := w.at
	for w.at < len(w.data) && isDigit(w.data[w.at]) {
		w.at++
	}
	return w.at > start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// word passes over true, false or null.
func (w *walker) word() error {
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(w.data[w.at:], []byte(word)) {
			w.at += len(word)
			return nil
		}
	}
	return errNotObject
}

// unquote answers what a JSON string says, escapes resolved: a name is the same
// however it is written.
func unquote(quoted []byte) (text string, ok bool) {
	if len(quoted) < 2 || quoted[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), true
	}
	err := json.Unmarshal(quoted, &text)
	return text, err == nil
}
