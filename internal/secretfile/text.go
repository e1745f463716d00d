package secretfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Text returns the text of a file without its byte order mark. The file is UTF-8, or
// UTF-16 with a byte order mark, as Windows PowerShell writes it.
func Text(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}):
		return fromUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		return fromUTF16(data[2:], binary.BigEndian)
	case bytes.IndexByte(data, 0) >= 0:
		return "", errors.New("is no text, or UTF-16 without a byte order mark: save it as UTF-8")
	case !utf8.Valid(data):
		return "", errors.New("is not UTF-8: save it as UTF-8")
	}
	return strings.TrimPrefix(string(data), "\ufeff"), nil
}

func fromUTF16(data []byte, order binary.ByteOrder) (string, error) {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	text := string(utf16.Decode(units))
	if len(data)%2 != 0 || strings.ContainsRune(text, utf8.RuneError) {
		return "", errors.New("is damaged UTF-16: save it as UTF-8")
	}
	return text, nil
}

// Value returns the value of a file with one line. It removes the line breaks around the
// value. It keeps blanks and quotation marks, because a secret can contain them.
func Value(data []byte) (string, error) {
	text, err := Text(data)
	if err != nil {
		return "", err
	}
	value := strings.Trim(text, "\r\n")
	switch {
	case strings.TrimSpace(value) == "":
		return "", errors.New("is empty")
	case strings.ContainsFunc(value, unicode.IsControl):
		return "", errors.New("holds more than one line, or a control character")
	}
	return value, nil
}

// InQuotes reports whether a value is in quotation marks, which would be sent as a part of
// it.
func InQuotes(value string) bool {
	for _, mark := range []string{`"`, `'`} {
		if len(value) >= 2 && strings.HasPrefix(value, mark) && strings.HasSuffix(value, mark) {
			return true
		}
	}
	return false
}
