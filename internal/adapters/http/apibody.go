package http

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxIndented bounds the size in bytes of an indented JSON document. The
// indentation grows with the depth: without a bound, a megabyte of brackets
// would become gigabytes of spaces.
const maxIndented = 1 << 20

// indent is one level of indentation.
const indent = "  "

// jsonSpace is what may stand around a document (RFC 8259, section 2).
const jsonSpace = " \t\r\n"

// readableBody turns an API's answer into text for a person: JSON is indented,
// with its numbers and the order of its members kept, anything else stays as
// it is. Bytes that are no UTF-8 become replacement characters.
func readableBody(body []byte) string {
	var out bytes.Buffer
	if indentedSize(body) <= maxIndented && json.Indent(&out, bytes.Trim(body, jsonSpace), "", indent) == nil {
		body = out.Bytes()
	}
	return strings.ToValidUTF8(string(body), "\uFFFD")
}

// indentedSize is at least the size of body once it is indented. Brackets and
// commas inside strings count too, so it may be more.
func indentedSize(body []byte) int {
	size, depth := len(body), 0
	for _, b := range body {
		switch b {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',', ':':
		default:
			continue
		}
		size += 1 + max(depth, 0)*len(indent)
	}
	return size
}
