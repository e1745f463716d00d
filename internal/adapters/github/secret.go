package github

import (
	"encoding/base64"
	"errors"
	"strings"

	"webapp/internal/ports"
)

// transaction is what Complete must know of the Begin it belongs to.
type transaction struct {
	verifier string // PKCE, RFC 7636: 256 bits
	scopes   []string
}

// secret writes the transaction as text: the verifier and, behind a dot, the
// scopes.
func (t transaction) secret() string { return t.verifier + "." + strings.Join(t.scopes, " ") }

// parseSecret reads what secret wrote.
func parseSecret(text string) (transaction, error) {
	verifier, scopes, ok := strings.Cut(text, ".")
	random, err := base64.RawURLEncoding.DecodeString(verifier)
	if !ok || err != nil || len(random) != 32 {
		return transaction{}, refuse("it does not belong to a sign-in that began here")
	}
	return transaction{verifier, strings.Fields(scopes)}, nil
}

// checkRequest refuses what would not come through an authorization request
// unchanged. It is the caller's mistake, never the browser's.
func checkRequest(req ports.AuthorizationRequest) error {
	if req.State == "" {
		return errors.New("authorization request: the state is empty")
	}
	for _, scope := range req.Scopes {
		if scope == "" || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New("authorization request: a scope must be one word of RFC 6749, section 3.3")
		}
	}
	return nil
}
