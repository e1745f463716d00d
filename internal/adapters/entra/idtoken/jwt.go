package idtoken

import (
	"encoding/base64"
	"slices"
	"strings"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// jwt is a token under check and, once its checks are over, a verified one.
type jwt struct {
	kind   tokenKind
	header header
	key    signingKey
	claims providerhttp.Object

	issuer, subject, tenant, objectID string
	name, username, session           string
	loginHint                         string
	roles                             []string
	guest                             bool
	groups                            ports.Groups
}

// tokenKind is the kind of token that is expected. The same keys sign all kinds,
// so one must not pass for another (RFC 8725, section 3.11).
type tokenKind string

const (
	idToken     tokenKind = "ID token"
	logoutToken tokenKind = "logout token"
)

// Bounds of a token. An ID token may carry hundreds of groups.
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

// accepts says whether a token of this kind may have this header "typ": "JWT", no
// type, or for a logout token "logout+jwt" (OpenID Connect Back-Channel Logout
// 1.0, section 2.4). An access token's "at+jwt" is refused.
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

// CheckLogoutForm refuses bytes that cannot be a logout token. It needs nothing
// of the provider, so that a stranger's bytes make nobody wait for it.
func CheckLogoutForm(raw string) error {
	_, err := splitToken(raw, logoutToken)
	return err
}

// splitToken returns the three segments of a compact JWS (RFC 7515, section
// 7.1). The encoding is checked here because decoders are lenient: they skip
// line breaks, and bits that no byte is made of (RFC 4648, section 3.5).
func splitToken(raw string, kind tokenKind) ([]string, error) {
	if len(raw) > kind.maxBytes() {
		return nil, kind.refuse(" is too large")
	}
	segments := strings.Split(raw, ".")
	if len(segments) != 3 {
		return nil, kind.refuse(" has not three segments")
	}
	scratch := make([]byte, base64.RawURLEncoding.DecodedLen(len(raw)))
	strict := base64.RawURLEncoding.Strict()
	for _, segment := range segments {
		_, err := strict.Decode(scratch, []byte(segment))
		if segment == "" || err != nil || strings.IndexByte(segment, '\n') >= 0 || strings.IndexByte(segment, '\r') >= 0 {
			return nil, kind.refuse(" is not base64url")
		}
	}
	return segments, nil
}

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
