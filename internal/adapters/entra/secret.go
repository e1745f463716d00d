package entra

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

// transaction is what Complete must know of the Begin it belongs to.
type transaction struct {
	nonce    string
	verifier string // PKCE, RFC 7636
	scopes   []string
}

func newTransaction(random io.Reader, scopes []string) (transaction, error) {
	var buf [2 * randomBytes]byte
	if _, err := io.ReadFull(random, buf[:]); err != nil {
		return transaction{}, fmt.Errorf("no randomness: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return transaction{encode(buf[:randomBytes]), encode(buf[randomBytes:]), scopes}, nil
}

// secret writes the transaction as text: nonce.verifier.scopes
func (t transaction) secret() string {
	scopes := base64.RawURLEncoding.EncodeToString([]byte(strings.Join(t.scopes, " ")))
	return t.nonce + "." + t.verifier + "." + scopes
}

// parseSecret reads what secret wrote, and refuses what it cannot have
// written: an empty nonce would equal a token's missing one.
func parseSecret(text string) (transaction, error) {
	parts := strings.Split(text, ".")
	want := base64.RawURLEncoding.EncodedLen(randomBytes)
	if len(parts) != 3 || len(parts[0]) != want || len(parts[1]) != want {
		return transaction{}, refuse("it does not belong to a sign-in that began here")
	}
	scopes, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return transaction{}, refuse("it does not belong to a sign-in that began here")
	}
	return transaction{parts[0], parts[1], strings.Fields(string(scopes))}, nil
}

// checkRequest refuses what would not come through an authorization request
// unchanged. It is the caller's mistake, never the browser's.
func checkRequest(req ports.AuthorizationRequest) error {
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
