package session

import "encoding/hex"

// guidSize is the length of a GUID as bytes, guidText as lower-case text.
const (
	guidSize = 16
	guidText = 36
)

// isGUID reports whether s is a GUID in the one spelling that packing and
// unpacking gives back unchanged.
func isGUID(s string) bool {
	if len(s) != guidText {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// packGUID appends the 16 bytes of s, for which isGUID holds.
func packGUID(b []byte, s string) []byte {
	digits := make([]byte, 0, 2*guidSize)
	for _, part := range []string{s[:8], s[9:13], s[14:18], s[19:23], s[24:]} {
		digits = append(digits, part...)
	}
	b, _ = hex.AppendDecode(b, digits)
	return b
}

// unpackGUID appends the text of a GUID's 16 bytes.
func unpackGUID(b []byte, raw string) []byte {
	const digits = "0123456789abcdef"
	for i := range len(raw) {
		switch i {
		case 4, 6, 8, 10:
			b = append(b, '-')
		}
		b = append(b, digits[raw[i]>>4], digits[raw[i]&0xf])
	}
	return b
}
