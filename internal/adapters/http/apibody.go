package http

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxIndentDepth bounds how deep a JSON document may nest and still be
// indented. Indentation grows with the square of the depth: a megabyte of
// brackets would become gigabytes of spaces.
const maxIndentDepth = 64

// readableBody turns an API's answer into text for a person: JSON is indented,
// with its numbers and the order of its members kept, anything else stays as
// it is. Bytes that are no UTF-8 become replacement characters.
func readableBody(body []byte) string {
	var out bytes.Buffer
	if depth(body) <= maxIndentDepth && json.Indent(&out, bytes.TrimSpace(body), "", "  ") == nil {
		body = out.Bytes()
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// depth is the deepest nesting of brackets. Brackets inside strings count too,
// which at worst leaves a document as it came.
func depth(body []byte) int {
	deepest, open := 0, 0
	for _, b := range body {
		switch b {
		case '{', '[':
			open++
			deepest = max(deepest, open)
		case '}', ']':
			open--
		}
	}
	return deepest
}
