package entra

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// object is a JSON object whose member names are compared exactly. Decoding
// into a struct would take "SUB" for "sub" and the last of two members of one
// name; with tokens both are ways to show two readers two different things.
type object map[string]json.RawMessage

const maxDepth = 16

var (
	errNotObject = errors.New("not a JSON object")
	errNotUTF8   = errors.New("not UTF-8")
	errDuplicate = errors.New("a member stands twice")
	errTooDeep   = errors.New("nested too deeply")
)

// parseObject reads a JSON object: UTF-8, nothing after it, no member twice at
// any level (RFC 8259, section 4; RFC 7519, section 4).
func parseObject(data []byte) (object, error) {
	if !utf8.Valid(data) {
		return nil, errNotUTF8
	}
	var members object
	if err := json.Unmarshal(data, &members); err != nil || members == nil {
		// The decoder's own text quotes the input.
		return nil, errNotObject
	}
	w := walker{data: data}
	if err := w.value(0); err != nil {
		return nil, err
	}
	return members, nil
}

// has says whether the member is there, null included.
func (o object) has(name string) bool { _, ok := o[name]; return ok }

// text answers a string member. ok is false where it is there and is not a
// string; an absent one is "" and true.
func (o object) text(name string) (value string, ok bool) {
	raw, there := o[name]
	if !there {
		return "", true
	}
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return value, json.Unmarshal(raw, &value) == nil
}

// texts answers a member that is an array of strings, and nothing else.
func (o object) texts(name string) (values []string, ok bool) {
	raw, there := o[name]
	if !there {
		return nil, true
	}
	var elements []json.RawMessage
	if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &elements) != nil {
		return nil, false
	}
	values = make([]string, 0, len(elements))
	for _, element := range elements {
		var value string
		if element[0] != '"' || json.Unmarshal(element, &value) != nil {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

// flag answers a boolean member; an absent one is false.
func (o object) flag(name string) (value, ok bool) {
	switch string(o[name]) {
	case "true":
		return true, true
	case "", "false":
		return false, true
	}
	return false, false
}
