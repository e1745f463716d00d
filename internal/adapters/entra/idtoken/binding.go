package idtoken

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// checkNonce compares the nonce with that of the sign-in that began here.
func checkNonce(want Expected) func(*jwt) error {
	return func(t *jwt) error {
		if want.Refreshed && !t.claims.Has("nonce") {
			return nil
		}
		nonce, ok := t.claims.Text("nonce")
		if !ok || want.Nonce == "" || !equalConstantTime(nonce, want.Nonce) {
			return refuse("its nonce is not that of this sign-in")
		}
		return nil
	}
}

// checkAccessTokenHash compares at_hash, if it is present, with the access token
// (OpenID Connect Core 1.0, section 3.1.3.6).
func checkAccessTokenHash(accessToken string) func(*jwt) error {
	return func(t *jwt) error {
		if !t.claims.Has("at_hash") {
			return nil
		}
		got, ok := t.claims.Text("at_hash")
		if !ok || accessToken == "" || !equalConstantTime(got, leftHalfHash(t.header.alg, accessToken)) {
			return refuse("its access token hash does not match the access token")
		}
		return nil
	}
}

// leftHalfHash returns the left half of the text's hash. The signature algorithm
// decides which hash it is.
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
