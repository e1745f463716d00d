package fakeidp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// The lengths of codes and tokens in characters, as at Entra. A relying party that
// cannot handle such lengths then fails in a test and not in production.
const (
	codeLength         = 960
	accessTokenLength  = 2000
	refreshTokenLength = 1500
	entropyLength      = 43 // at least; 256 random bits
)

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// newToken returns prefix followed by random base64url characters, length in total.
func newToken(prefix string, length int) string {
	n := max(length-len(prefix), entropyLength)
	text := base64.RawURLEncoding.EncodeToString(randomBytes(n*3/4 + 1))
	return prefix + text[:n]
}

// guid returns a random GUID (RFC 9562, version 4).
func guid() string {
	b := randomBytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// fingerprint returns the hash under which a code, a token or a cookie is stored.
func fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// subject returns the claim sub, which is different for each client (pairwise
// identifier; OpenID Connect Core 1.0, section 8.1).
func subject(clientID, tenantID, objectID string) string {
	return fingerprint("sub\x00" + clientID + "\x00" + tenantID + "\x00" + objectID)
}
