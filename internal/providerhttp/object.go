package providerhttp

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// Object is a JSON object whose member names are compared exactly. Decoding
// into a struct would take "SUB" for "sub" and the last of two members of one
// name; with tokens both are ways to show two readers two different things.
type Object map[string]json.RawMessage

const maxDepth = 16

var (
	errNotObject = errors.New("not a JSON object")
	errNotUTF8   = errors.New("not UTF-8")
	errDuplicate = errors.New("a member stands twice")
	errTooDeep   = errors.New("nested too deeply")
)

// ParseObject reads a JSON object: UTF-8, nothing after it, no member twice at
// any level (RFC 8259, section 4; RFC 7519, section 4). The members are parts of
// data, not copies.
func ParseObject(data []byte) (Object, error) {
	if !utf8.Valid(data) {
		return nil, errNotUTF8
	}
	w := walker{data: data}
	if w.peek() != '{' {
		return nil, errNotObject
	}
	found := make(Object, 16)
	err := w.members(func(name string) error {
		if found.Has(name) {
			return errDuplicate
		}
		w.peek()
		start := w.at
		err := w.value(1)
		found[name] = data[start:w.at]
		return err
	})
	if err != nil {
		return nil, err
	}
	if w.peek(); w.at != len(data) {
		return nil, errNotObject
	}
	return found, nil
}

// Has says whether the member is there, null included.
func (o Object) Has(name string) bool { _, ok := o[name]; return ok }

// Text returns a string member. ok is false where it is there and is not a
// string; an absent one is "" and true.
func (o Object) Text(name string) (value string, ok bool) {
	raw, there := o[name]
	if !there {
		return "", true
	}
	return unquote(raw)
}

// Texts returns a member that is an array of strings, and nothing else.
func (o Object) Texts(name string) (values []string, ok bool) {
	if !o.Has(name) {
		return nil, true
	}
	elements, ok := o.List(name)
	if !ok {
		return nil, false
	}
	values = make([]string, len(elements))
	for i, element := range elements {
		if values[i], ok = unquote(element); !ok {
			return nil, false
		}
	}
	return values, true
}

// List returns the elements of a member that is an array.
func (o Object) List(name string) (elements []json.RawMessage, ok bool) {
	w := walker{data: o[name]}
	if w.peek() != '[' {
		return nil, false
	}
	err := w.elements(func() error {
		w.peek()
		start := w.at
		err := w.value(0)
		elements = append(elements, w.data[start:w.at])
		return err
	})
	return elements, err == nil
}

// Flag returns a boolean member; an absent one is false.
func (o Object) Flag(name string) (value, ok bool) {
	switch string(o[name]) {
	case "true":
		return true, true
	case "", "false":
		return false, true
	}
	return false, false
}
