package entra

import (
	"encoding/base64"
	"slices"
	"strings"
)

// header is what counts of a JOSE header (RFC 7515, section 4.1). The members
// jwk, jku, x5u and x5c are ignored: a token does not bring its own key.
type header struct {
	alg   string
	keyID string
}

// parseHeader reads the header and checks it against the allowed algorithms.
func parseHeader(segment string, algorithms []string) (header, error) {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return header{}, refuse("the ID token's header is not base64url")
	}
	doc, err := parseObject(decoded)
	if err != nil {
		return header{}, refuse("the ID token's header is not a JSON object without duplicates")
	}
	if doc.has("crit") {
		return header{}, refuse("the ID token's header names a critical extension")
	}
	alg, ok := doc.text("alg")
	if !ok || !slices.Contains(algorithms, alg) {
		return header{}, refuse("the ID token's algorithm is not allowed")
	}
	keyID, ok := doc.text("kid")
	if !ok || len(keyID) > maxKeyIDBytes {
		return header{}, refuse("the ID token's key ID is not a short string")
	}
	typ, ok := doc.text("typ")
	if !ok || !acceptableType(typ) {
		return header{}, refuse("the ID token is of another type")
	}
	return header{alg: alg, keyID: keyID}, nil
}

// acceptableType keeps other kinds of JWT out, such as access tokens (at+jwt)
// and logout tokens (logout+jwt), which the same keys sign (RFC 8725, section
// 3.11). ID tokens have the plain type or none.
func acceptableType(typ string) bool {
	return typ == "" || strings.EqualFold(typ, "JWT") || strings.EqualFold(typ, "application/jwt")
}
