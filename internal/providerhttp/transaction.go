package providerhttp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"webapp/internal/ports"
)

// randomBytes is the strength of a nonce and of a PKCE verifier: 256 bits
// (RFC 7636, section 7.1).
const randomBytes = 32

// Transaction is what Complete needs from the Begin of the same sign-in.
type Transaction struct {
	Nonce    string // unused by a provider without ID tokens
	Verifier string // PKCE, RFC 7636
	Scopes   []string
}

// NewTransaction returns a Transaction with a new nonce and a new verifier.
func NewTransaction(random io.Reader, scopes []string) (Transaction, error) {
	var buf [2 * randomBytes]byte
	if _, err := io.ReadFull(random, buf[:]); err != nil {
		return Transaction{}, fmt.Errorf("no randomness: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return Transaction{encode(buf[:randomBytes]), encode(buf[randomBytes:]), scopes}, nil
}

// Secret writes the transaction as text: nonce.verifier.scopes
func (t Transaction) Secret() string {
	scopes := base64.RawURLEncoding.EncodeToString([]byte(strings.Join(t.Scopes, " ")))
	return t.Nonce + "." + t.Verifier + "." + scopes
}

// ParseSecret reads the text that Secret wrote, and refuses any other: an empty
// nonce would equal a token's missing one.
func ParseSecret(text string) (Transaction, error) {
	parts := strings.Split(text, ".")
	want := base64.RawURLEncoding.EncodedLen(randomBytes)
	if len(parts) == 3 && len(parts[0]) == want && len(parts[1]) == want && !strings.ContainsFunc(parts[0]+parts[1], notBase64URL) {
		if scopes, err := base64.RawURLEncoding.DecodeString(parts[2]); err == nil {
			return Transaction{parts[0], parts[1], strings.Fields(string(scopes))}, nil
		}
	}
	return Transaction{}, fmt.Errorf("%w: it does not belong to a sign-in that began here", ports.ErrTokenRefused)
}

// CheckRequest refuses a state or a scope that would not come through an
// authorization request unchanged. It is the caller's mistake, never the
// browser's.
func CheckRequest(req ports.AuthorizationRequest) error {
	if req.State == "" || strings.ContainsFunc(req.State, notBase64URL) {
		return errors.New("authorization request: state must be base64url and not empty")
	}
	for _, scope := range req.Scopes {
		if scope == "" || strings.ContainsFunc(scope, notScope) {
			return errors.New("authorization request: a scope must be one word of RFC 6749, section 3.3")
		}
	}
	return nil
}

func notBase64URL(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

func notScope(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
