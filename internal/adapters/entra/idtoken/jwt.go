package idtoken

import (
	"context"
	"encoding/base64"
	"strings"

	jose "github.com/go-jose/go-jose/v4"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// jwt is a token under check and, once its checks are over, a verified one.
type jwt struct {
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

// tokenKind is what sort of token is expected. The same keys sign all sorts, so
// none may pass for another (RFC 8725, section 3.11).
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

func (k tokenKind) refuse(reason string) error { return refuse("the " + string(k) + reason) }

func (k tokenKind) maxBytes() int {
	if k == logoutToken {
		return maxLogoutTokenBytes
	}
	return maxIDTokenBytes
}

// accepts says whether a token of this kind may have this header "typ": the
// plain one, or none, and a logout token its own (OpenID Connect Back-Channel
// Logout 1.0, section 2.4). An access token's (at+jwt) never will do.
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

// verifySigned checks all of a token that stands outside its claims, and that
// these are one well-formed object.
func (v Verifier) verifySigned(ctx context.Context, raw string, kind tokenKind) (*jwt, error) {
	segments, err := splitToken(raw, kind)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(segments[0], kind, v.Algorithms)
	if err != nil {
		return nil, err
	}
	set, err := v.Keys(ctx, h.keyID)
	if err != nil {
		return nil, err
	}
	keys := set.candidates(h.keyID, h.alg)
	if len(keys) == 0 {
		return nil, refuse("no key of the provider fits its signature")
	}
	payload, key, err := checkSignature(raw, kind, h, keys)
	if err != nil {
		return nil, err
	}
	claims, err := parseClaims(payload, kind)
	if err != nil {
		return nil, err
	}
	return &jwt{header: h, key: key, claims: claims}, nil
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

// CheckLogoutForm refuses bytes that cannot be a logout token. It needs nothing
// of the provider, so that a stranger's bytes make nobody wait for it.
func CheckLogoutForm(raw string) error {
	_, err := splitToken(raw, logoutToken)
	return err
}

// checkSignature verifies the signature with the provider's keys, by go-jose,
// and returns the signed payload and the key that verified it.
//
// go-oidc's verifiers (Verify, VerifyLogout) stand on the same call. They would
// have to run with their issuer and expiry checks off (they know one issuer and
// no leeway), read claims whatever the case of their names, hide which key
// verified, fail on _claim_names without _claim_sources, which Entra does send,
// and look neither at a logout token's age nor at its type. A test holds that
// they accept what is accepted here, in each of its forms and algorithms, but
// for the leeway.
func checkSignature(raw string, kind tokenKind, h header, keys []signingKey) ([]byte, signingKey, error) {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.alg)})
	if err != nil {
		return nil, signingKey{}, kind.refuse(" is not a signed JWT")
	}
	for _, key := range keys {
		if payload, err := jws.Verify(key.public); err == nil {
			return payload, key, nil
		}
	}
	return nil, signingKey{}, kind.refuse("'s signature is wrong")
}
