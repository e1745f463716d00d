package providerhttp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"webapp/internal/ports"
)

// randomBytes is the length of a nonce and of a PKCE verifier: 256 bits (RFC 7636, section
// 7.1).
const randomBytes = 32

// Transaction contains the values that Begin makes and Complete needs.
type Transaction struct {
	Nonce    string   // unused by a provider without ID tokens
	Verifier string   // PKCE, RFC 7636
	Scopes   []string // of the API
	// Flow selects the metadata and the keys that Complete uses. It is FlowSignIn for
	// every flow that has none of its own, such as FlowSignUp.
	Flow ports.Flow
}

// NewTransaction returns a Transaction with a new nonce and a new verifier. It reads them
// from random.
func NewTransaction(random io.Reader, scopes []string) (Transaction, error) {
	var buf [2 * randomBytes]byte
	if _, err := io.ReadFull(random, buf[:]); err != nil {
		return Transaction{}, fmt.Errorf("no randomness: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return Transaction{Nonce: encode(buf[:randomBytes]), Verifier: encode(buf[randomBytes:]), Scopes: scopes}, nil
}

// Secret returns the transaction as text: nonce.verifier.scopes, and for a flow other
// than ports.FlowSignIn nonce.verifier.scopes.flow
func (t Transaction) Secret() string {
	scopes := base64.RawURLEncoding.EncodeToString([]byte(strings.Join(t.Scopes, " ")))
	secret := t.Nonce + "." + t.Verifier + "." + scopes
	if t.Flow != ports.FlowSignIn {
		secret += "." + string(t.Flow)
	}
	return secret
}

// ParseSecret reads the text of Secret. It returns ports.ErrTokenRefused for any other
// text: an empty nonce would equal the missing nonce of a token.
func ParseSecret(text string) (Transaction, error) {
	t := Transaction{}
	parts := strings.Split(text, ".")
	if len(parts) == 4 && parts[3] != "" {
		t.Flow, parts = ports.Flow(parts[3]), parts[:3]
	}
	want := base64.RawURLEncoding.EncodedLen(randomBytes)
	if len(parts) == 3 && len(parts[0]) == want && len(parts[1]) == want && !strings.ContainsFunc(parts[0]+parts[1], notBase64URL) {
		if scopes, err := base64.RawURLEncoding.DecodeString(parts[2]); err == nil {
			t.Nonce, t.Verifier, t.Scopes = parts[0], parts[1], strings.Fields(string(scopes))
			return t, nil
		}
	}
	return Transaction{}, Refused("it does not belong to a sign-in that began here")
}

// CheckRequest returns an error if an authorization request cannot carry the state, a
// scope, an authentication context class or the greatest age unchanged. That is a mistake
// of the caller. A browser cannot cause it.
func CheckRequest(req ports.AuthorizationRequest) error {
	if req.State == "" || strings.ContainsFunc(req.State, notBase64URL) {
		return errors.New("authorization request: state must be base64url and not empty")
	}
	if slices.ContainsFunc(req.Scopes, notWord) {
		return errors.New("authorization request: a scope must be one word of RFC 6749, section 3.3")
	}
	if slices.ContainsFunc(req.ACRValues, notWord) {
		return errors.New("authorization request: an authentication context class must be one word")
	}
	if req.MaxAge != nil && (*req.MaxAge < 0 || *req.MaxAge%time.Second != 0) {
		return errors.New("authorization request: the greatest age must be a whole number of seconds")
	}
	return nil
}

// notBase64URL reports whether the character is not in the base64url alphabet.
func notBase64URL(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// notWord reports whether the text cannot stand in a list that is separated by spaces
// (RFC 6749, section 3.3).
func notWord(text string) bool {
	return text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}
