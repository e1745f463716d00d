package providerhttp

import (
	"bytes"
	"encoding/json"
)

// text passes over a string and returns it, quotes included.
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

// escapeLength returns how many bytes after a backslash belong to it, 0 where
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

// unquote returns what a JSON string says, escapes resolved: a name is the same
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
