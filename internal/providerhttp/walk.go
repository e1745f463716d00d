package providerhttp

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

// peek passes over blanks and returns the next byte, 0 at the end.
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
