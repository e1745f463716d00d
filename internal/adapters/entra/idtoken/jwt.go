package idtoken

import (
	"encoding/base64"
	"slices"
	"strings"
	"unicode"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// jwt is a token with its requirements and the values that the checks read from its
// claims.
type jwt struct {
	verifier Verifier
	kind     tokenKind
	want     Expected
	header   header
	key      signingKey // the key that verified the signature
	claims   providerhttp.Object

	identity  ports.Identity
	groups    ports.Groups
	loginHint string
	logout    ports.LogoutToken // ID and Expires only
}

// tokenKind is the expected kind of token. The same keys sign all kinds, so a token of
// one kind must not be accepted as another (RFC 8725, section 3.11).
type tokenKind string

const (
	idToken     tokenKind = "ID token"
	logoutToken tokenKind = "logout token"
)

// Bounds of a token. An ID token may have hundreds of groups.
const (
	maxIDTokenBytes     = 64 << 10
	maxLogoutTokenBytes = 16 << 10
)

func (k tokenKind) refuse(reason string) error {
	return providerhttp.Refused("the " + string(k) + reason)
}

func (k tokenKind) maxBytes() int {
	if k == logoutToken {
		return maxLogoutTokenBytes
	}
	return maxIDTokenBytes
}

// CheckLogoutForm refuses text that cannot be a logout token. It needs no metadata and
// no keys, so that malformed requests cause no request to the provider.
func CheckLogoutForm(raw string) error {
	_, err := splitToken(raw, logoutToken)
	return err
}

// parts are the decoded segments of a token, and the text that its signature covers
// (RFC 7515, section 5.1).
type parts struct {
	header, payload, signature []byte
	signed                     string
}

// splitToken decodes a compact JWS (RFC 7515, section 7.1). It checks the encoding
// itself, because decoders accept line breaks and unused bits (RFC 4648, section 3.5).
func splitToken(raw string, kind tokenKind) (p parts, err error) {
	if len(raw) > kind.maxBytes() {
		return parts{}, kind.refuse(" is too large")
	}
	if strings.Count(raw, ".") != 2 {
		return parts{}, kind.refuse(" has not three segments")
	}
	p.signed = raw[:strings.LastIndexByte(raw, '.')]
	header, payload, _ := strings.Cut(p.signed, ".")
	for _, segment := range []struct {
		text string
		to   *[]byte
	}{{header, &p.header}, {payload, &p.payload}, {raw[len(p.signed)+1:], &p.signature}} {
		*segment.to, err = base64.RawURLEncoding.Strict().DecodeString(segment.text)
		if segment.text == "" || err != nil || strings.ContainsAny(segment.text, "\r\n") {
			return parts{}, kind.refuse(" is not base64url")
		}
	}
	return p, nil
}

// header contains the members of a JOSE header that are used (RFC 7515, section
// 4.1). The members jwk, jku, x5u and x5c are ignored: a token cannot bring its own
// key.
type header struct {
	alg   string
	keyID string
}

// parseHeader reads and checks the header. The algorithm must be one of algorithms.
func parseHeader(decoded []byte, kind tokenKind, algorithms []string) (header, error) {
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

// accepts reports whether a token of this kind may have this typ: JWT, none, or for a
// logout token logout+jwt (OpenID Connect Back-Channel Logout 1.0, section 2.4). An
// access token's at+jwt is refused.
func (k tokenKind) accepts(typ string) bool {
	typ = strings.ToLower(typ)
	switch strings.TrimPrefix(typ, "application/") {
	case "jwt":
		return true
	case "logout+jwt":
		return k == logoutToken
	}
	return typ == ""
}

// parseClaims reads the payload (RFC 7519, section 4: names are case-sensitive and
// unique). It refuses two names that differ in letter case only: another reader of the
// same token could confuse them.
func parseClaims(payload []byte, kind tokenKind) (providerhttp.Object, error) {
	claims, err := providerhttp.ParseObject(payload)
	if err != nil {
		return claims, kind.refuse("'s claims are not a JSON object without duplicates")
	}
	seen := make(map[string]bool, 32)
	for name := range claims.Names() {
		folded := strings.Map(foldCase, name)
		if seen[folded] {
			return claims, kind.refuse("'s claims have two names that differ in letter case only")
		}
		seen[folded] = true
	}
	return claims, nil
}

// foldCase returns the same letter for all forms of a letter. U+017F, the long s, is an
// s.
func foldCase(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }
