package providerhttp

import (
	"bytes"
	"errors"
	"io"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds the nesting of an object, itself included. jsontext allows ten thousand
// levels.
const maxDepth = 16

var (
	errNotObject = errors.New("not a JSON object")
	errDuplicate = errors.New("a JSON member stands twice")
	errTooDeep   = errors.New("JSON nested too deeply")
)

// Object is a JSON object that a provider sent. Member names are compared exactly. A
// member that is null is treated as absent, except by Listed and Names.
type Object struct {
	members map[string]jsontext.Value // without the members that are null
	nulls   []string                  // the names of the members that are null
}

// ParseObject reads a JSON object. It requires UTF-8, no duplicate member at any level
// (RFC 8259, section 4; RFC 7519, section 4) and nothing after the object. The Object keeps
// slices of data. The errors have constant texts: those of jsontext quote names.
func ParseObject(data []byte) (Object, error) {
	in := jsontext.NewDecoder(bytes.NewBuffer(data))
	if in.PeekKind() != '{' {
		return Object{}, errNotObject
	}
	if _, err := in.ReadToken(); err != nil {
		return Object{}, errNotObject
	}
	o := Object{members: make(map[string]jsontext.Value, 16)}
	for in.PeekKind() == '"' {
		name, err := in.ReadToken()
		if err != nil {
			return Object{}, constant(err)
		}
		member, start := name.String(), in.InputOffset()
		if err := skipValue(in); err != nil {
			return Object{}, constant(err)
		}
		value := bytes.TrimLeft(data[start:in.InputOffset()], " \t\r\n:")
		if string(value) == "null" {
			o.nulls = append(o.nulls, member)
		} else {
			o.members[member] = value
		}
	}
	if _, err := in.ReadToken(); err != nil {
		return Object{}, constant(err)
	}
	if _, err := in.ReadToken(); !errors.Is(err, io.EOF) {
		return Object{}, errNotObject
	}
	return o, nil
}

// skipValue reads the value of a member of the outermost object.
func skipValue(in *jsontext.Decoder) error {
	for {
		if _, err := in.ReadToken(); err != nil {
			return err
		}
		switch depth := in.StackDepth(); {
		case depth > maxDepth:
			return errTooDeep
		case depth == 1:
			return nil
		}
	}
}

// constant returns an error with a constant text for an error of jsontext.
func constant(err error) error {
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return errDuplicate
	case errors.Is(err, errTooDeep):
		return errTooDeep
	}
	return errNotObject
}

// Has reports whether the member is present and not null.
func (o Object) Has(name string) bool { return o.members[name] != nil }

// Listed reports whether the member is present, also if it is null.
func (o Object) Listed(name string) bool {
	for listed := range o.Names() {
		if listed == name {
			return true
		}
	}
	return false
}

// Names returns the names of all members in no order, also of those that are null.
func (o Object) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range o.members {
			if !yield(name) {
				return
			}
		}
		for _, name := range o.nulls {
			if !yield(name) {
				return
			}
		}
	}
}

// Raw returns the JSON text of a member, or nil if it is absent.
func (o Object) Raw(name string) []byte { return o.members[name] }

// Text returns a string member. It returns "" and true if the member is absent, and false
// if it is not a string.
func (o Object) Text(name string) (value string, ok bool) {
	raw := o.members[name]
	if raw == nil {
		return "", true
	}
	return unquote(raw)
}

// Texts returns a member that is an array of strings. It returns nil and true if the member
// is absent, and false if it is anything else.
func (o Object) Texts(name string) (values []string, ok bool) {
	elements, ok := o.List(name)
	if !ok || elements == nil {
		return nil, ok
	}
	values = make([]string, len(elements))
	for i, element := range elements {
		if values[i], ok = unquote(element); !ok {
			return nil, false
		}
	}
	return values, true
}

// TextOrTexts returns a member that is an array of strings or one string. It returns nil
// and true if the member is absent, and false if it is anything else.
func (o Object) TextOrTexts(name string) (values []string, ok bool) {
	if one, ok := unquote(o.members[name]); ok {
		return []string{one}, true
	}
	return o.Texts(name)
}

// List returns the JSON texts of the elements of an array. It returns nil and true if the
// member is absent, and false if it is not an array.
func (o Object) List(name string) (elements [][]byte, ok bool) {
	raw := o.members[name]
	if raw == nil {
		return nil, true
	}
	if raw.Kind() != '[' {
		return nil, false
	}
	in := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if _, err := in.ReadToken(); err != nil {
		return nil, false
	}
	elements = [][]byte{}
	for in.PeekKind() != ']' {
		element, err := in.ReadValue()
		if err != nil {
			return nil, false
		}
		end := int(in.InputOffset())
		elements = append(elements, raw[end-len(element):end])
	}
	return elements, true
}

// Object returns a member that is an object. It returns false if the member is absent or
// anything else.
func (o Object) Object(name string) (inner Object, ok bool) {
	inner, err := ParseObject(o.members[name])
	return inner, err == nil
}

// Flag returns a boolean member. It returns false and true if the member is absent, and
// ok is false if it is not a boolean.
func (o Object) Flag(name string) (value, ok bool) {
	switch string(o.members[name]) {
	case "true":
		return true, true
	case "", "false":
		return false, true
	}
	return false, false
}

// unquote returns the text of a JSON string. It returns false for any other value.
func unquote(raw jsontext.Value) (text string, ok bool) {
	if raw.Kind() != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	unquoted, err := jsontext.AppendUnquote(nil, raw)
	return string(unquoted), err == nil
}
