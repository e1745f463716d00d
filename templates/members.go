package templates

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// eachMember calls add for each member of a flat JSON object of texts, in order
// and with duplicates, which decoding into a map would hide. (The tokens of
// encoding/json would do as well, at four times the cost, and the start of the
// program waits for this.)
func eachMember(doc []byte, add func(key, text string) error) error {
	if !utf8.Valid(doc) {
		return errors.New("no UTF-8")
	}
	if !json.Valid(doc) {
		var nothing any
		return fmt.Errorf("no JSON object: %w", json.Unmarshal(doc, &nothing))
	}
	rest, ok := bytes.CutPrefix(bytes.TrimSpace(doc), []byte("{"))
	if !ok {
		return errors.New("no JSON object")
	}
	for {
		key, after, ok := takeString(rest)
		if !ok { // the closing brace: the document is valid
			return nil
		}
		text, after, ok := takeString(after)
		if !ok {
			return fmt.Errorf("%v: not a text", key)
		}
		if err := add(key, text); err != nil {
			return err
		}
		rest = after
	}
}

// takeString takes a string off a valid JSON document, with the punctuation
// before it. It is false where something else comes first.
func takeString(doc []byte) (text string, rest []byte, ok bool) {
	doc = bytes.TrimLeft(doc, " \t\r\n,:")
	if len(doc) == 0 || doc[0] != '"' {
		return "", doc, false
	}
	plain := true
	for i := 1; ; i++ {
		switch doc[i] {
		case '\\':
			plain = false
			i++
		case '"':
			quoted, rest := doc[:i+1], doc[i+1:]
			if plain {
				return string(quoted[1:i]), rest, true
			}
			_ = json.Unmarshal(quoted, &text) // it is valid
			return text, rest, true
		}
	}
}
