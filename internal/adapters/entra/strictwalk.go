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
		var seen nameSet
		return w.members(func(name string) error {
			if !seen.add(name) {
				return errDuplicate
			}
			return w.value(depth + 1)
		})
	case '[':
		return w.elements(func() error { return w.value(depth + 1) })
	case '"':
		w.text()
	default:
		for w.at < len(w.data) && !endsLiteral(w.data[w.at]) {
			w.at++
		}
	}
	return nil
}

// members passes over an object; each is called before every member's value
// and passes over that.
func (w *walker) members(each func(name string) error) error {
	return w.list('}', func() error {
		name, ok := unquote(w.text())
		if !ok {
			return errNotObject
		}
		w.peek()
		w.at++ // the colon
		return each(name)
	})
}

// elements passes over an array; each passes over one element.
func (w *walker) elements(each func() error) error { return w.list(']', each) }

func (w *walker) list(end byte, each func() error) error {
	w.at++
	for c := w.peek(); c != end && c != 0; c = w.peek() {
		if c == ',' {
			w.at++
			w.peek()
		}
		if err := each(); err != nil {
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

func endsLiteral(c byte) bool {
	switch c {
	case ',', ']', '}', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}

// text passes over a string and answers it, quotes included.
func (w *walker) text() []byte {
	start := w.at
	for at := start + 1; at < len(w.data); {
		n := bytes.IndexByte(w.data[at:], '"')
		if n < 0 {
			break
		}
		at += n
		escapes := 0
		for w.data[at-escapes-1] == '\\' {
			escapes++
		}
		at++
		if escapes%2 == 0 {
			w.at = at
			return w.data[start:at]
		}
	}
	w.at = len(w.data) // cannot be: the text is known to be valid
	return nil
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

// fewNames is up to how many names are looked through one by one.
const fewNames = 8

// nameSet tells a name that comes again. Nearly all objects have few members.
type nameSet struct {
	few  []string
	many map[string]struct{}
}

// add answers false where the name is there already.
func (s *nameSet) add(name string) bool {
	if s.many == nil {
		for _, known := range s.few {
			if known == name {
				return false
			}
		}
		if s.few = append(s.few, name); len(s.few) <= fewNames {
			return true
		}
		s.many = make(map[string]struct{}, 4*fewNames)
		for _, known := range s.few {
			s.many[known] = struct{}{}
		}
		return true
	}
	_, twice := s.many[name]
	s.many[name] = struct{}{}
	return !twice
}
