package entra

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// nonceEquals ties the token to the sign-in that began here. An empty nonce
// equals nothing.
func nonceEquals(want string) func(*jwt) error {
	return func(t *jwt) error {
		nonce, ok := t.claims.text("nonce")
		if !ok || want == "" || !equalConstantTime(nonce, want) {
			return refuse("its nonce is not that of this sign-in")
		}
		return nil
	}
}

// nonceEqualsIfPresent is the rule for a refreshed ID token, which should have
// no nonce (OpenID Connect Core 1.0, section 12.2).
func nonceEqualsIfPresent(want string) func(*jwt) error {
	return func(t *jwt) error {
		if !t.claims.has("nonce") {
			return nil
		}
		return nonceEquals(want)(t)
	}
}

// checkAccessTokenHash ties the access token to the ID token where at_hash is
// present (OpenID Connect Core 1.0, section 3.1.3.6): the left half of the
// token's hash, by the hash of the signature's algorithm.
func checkAccessTokenHash(accessToken string) func(*jwt) error {
	return func(t *jwt) error {
		if !t.claims.has("at_hash") {
			return nil
		}
		got, ok := t.claims.text("at_hash")
		if !ok || accessToken == "" || !equalConstantTime(got, leftHalfHash(t.header.alg, accessToken)) {
			return refuse("its access token hash does not match the access token")
		}
		return nil
	}
}

func leftHalfHash(alg, text string) string {
	var sum []byte
	switch {
	case strings.HasSuffix(alg, "256"):
		whole := sha256.Sum256([]byte(text))
		sum = whole[:]
	case strings.HasSuffix(alg, "384"):
		whole := sha512.Sum384([]byte(text))
		sum = whole[:]
	default: // the 512s, and Ed25519, whose own hash is SHA-512
		whole := sha512.Sum512([]byte(text))
		sum = whole[:]
	}
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func equalConstantTime(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
