package idtoken

import (
	"encoding/base64"
	"slices"

	"webapp/internal/providerhttp"
)

// header is the part of a JOSE header that is used (RFC 7515, section 4.1). The
// members jwk, jku, x5u and x5c are ignored: a token does not bring its own key.
type header struct {
	alg   string
	keyID string
}

// parseHeader reads the header and checks it against the allowed algorithms.
func parseHeader(segment string, kind tokenKind, algorithms []string) (header, error) {
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil {
		return header{}, kind.refuse("'s header is not base64url")
	}
	doc, err := providerhttp.ParseObject(decoded)
	if err != nil {
		return header{}, kind.refuse("'s header is not a JSON object without duplicates")
	}
	if doc.Listed("crit") {
		return header{}, kind.refuse("'s header names a critical extension")
	}
	alg, ok := doc.Text("alg")
	if !ok || !slices.Contains(algorithms, alg) {
		return header{}, kind.refuse("'s algorithm is not allowed")
	}
	keyID, ok := doc.Text("kid")
	if !ok || len(keyID) > maxKeyIDBytes {
		return header{}, kind.refuse("'s key ID is not a short string")
	}
	typ, ok := doc.Text("typ")
	if !ok || !kind.accepts(typ) {
		return header{}, kind.refuse(" is of another type")
	}
	return header{alg: alg, keyID: keyID}, nil
}
