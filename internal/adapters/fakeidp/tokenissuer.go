package fakeidp

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

// TokenIssuer stands for another issuer whose tokens a federated credential
// trusts, such as a Kubernetes cluster.
type TokenIssuer struct {
	issuer string
	key    *rsa.PrivateKey
	clock  func() time.Time
}

// NewTokenIssuer returns an issuer of this name. clock may be nil for time.Now,
// key for a new one.
func NewTokenIssuer(issuer string, key *rsa.PrivateKey, clock func() time.Time) (*TokenIssuer, error) {
	if clock == nil {
		clock = time.Now
	}
	if key == nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
			return nil, fmt.Errorf("fakeidp: %w", err)
		}
	}
	return &TokenIssuer{issuer, key, clock}, nil
}

// Issuer is the claim iss of its tokens.
func (i *TokenIssuer) Issuer() string { return i.issuer }

// Key is the public key that its tokens verify with.
func (i *TokenIssuer) Key() *rsa.PublicKey { return &i.key.PublicKey }

// Token returns a signed token that holds for the given time from now.
func (i *TokenIssuer) Token(subject, audience string, life time.Duration) (string, error) {
	now := i.clock()
	claims, err := json.Marshal(map[string]any{
		"iss": i.issuer, "sub": subject, "aud": audience, "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(life).Unix(),
	})
	if err != nil {
		return "", fmt.Errorf("fakeidp: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"RS256","typ":"JWT","kid":"`+keyFingerprint(&i.key.PublicKey)+`"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, i.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("fakeidp: %w", err)
	}
	return signed + "." + encode(signature), nil
}

func keyFingerprint(key *rsa.PublicKey) string {
	sum := sha256.Sum256(key.N.Bytes())
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
