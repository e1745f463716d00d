package observe

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// hashedUser is how many bytes of a hash stand for a user. With 16 no two users
// of any directory share one by chance.
const hashedUser = 16

// loggedUser is a user's key as it may stand in a log. Entra's keys are GUIDs.
// Other providers choose their subjects freely, and some take the person's
// e-mail address: a subject with anything in it that opaque identifiers do not
// have becomes "sha256:" and the first 16 bytes of the SHA-256 of the whole key,
// in hex. It is the same on every instance and for good, so whoever knows the
// key can find that person's events.
func loggedUser(key string) string {
	if !strings.ContainsFunc(key, notOpaque) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	hashed := "sha256:" + hex.EncodeToString(sum[:hashedUser])
	issuer, _, ok := strings.Cut(key, " sub:")
	if !ok || strings.ContainsFunc(issuer, notOpaque) {
		return hashed
	}
	return issuer + " sub:" + hashed
}

// notOpaque is true of "@" and of all that could hide one or break a line.
func notOpaque(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune(" -._~:/|+=", r)
}
