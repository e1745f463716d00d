// Package identitytest has the places where a program without a client secret gets its
// tokens: a Kubernetes cluster or another issuer that a federated credential trusts
// (TokenIssuer), and the managed identity endpoint of an Azure host (IdentityEndpoint).
package identitytest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// TokenIssuer issues the tokens that a federated credential trusts, as a
// Kubernetes cluster does.
type TokenIssuer struct {
	issuer string
	key    *rsa.PrivateKey
	clock  func() time.Time
}

// NewTokenIssuer returns a TokenIssuer. issuer is the claim iss of its tokens.
// A nil key stands for a new one, a nil clock for time.Now.
func NewTokenIssuer(issuer string, key *rsa.PrivateKey, clock func() time.Time) (*TokenIssuer, error) {
	if clock == nil {
		clock = time.Now
	}
	if key == nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, fmt.Errorf("identitytest: %w", err)
		}
	}
	return &TokenIssuer{issuer, key, clock}, nil
}

// Issuer returns the claim iss of the tokens.
func (i *TokenIssuer) Issuer() string { return i.issuer }

// Key returns the public key that verifies the tokens.
func (i *TokenIssuer) Key() *rsa.PublicKey { return &i.key.PublicKey }

// Token returns a signed token that is valid from now for lifetime.
func (i *TokenIssuer) Token(subject, audience string, lifetime time.Duration) (string, error) {
	now := i.clock()
	claims, err := json.Marshal(map[string]any{
		"iss": i.issuer, "sub": subject, "aud": audience, "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(lifetime).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("identitytest: %w", err)
	}
	keyID := sha256.Sum256(i.key.N.Bytes())
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"RS256","typ":"JWT","kid":"`+encode(keyID[:])+`"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, i.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("identitytest: %w", err)
	}
	return signed + "." + encode(signature), nil
}
