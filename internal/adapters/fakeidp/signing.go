package fakeidp

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
)

// Signing selects how an ID token is signed.
type Signing int

// The kinds of signature. All except SignOwn and SignPS256 are attacks.
const (
	SignOwn         Signing = iota // RS256 with the current key, as usual
	SignPS256                      // PS256 with the current key
	SignForeign                    // an unpublished key with the kid of the current key
	SignUnknownKey                 // an unpublished key with its own kid
	SignNone                       // alg "none" and no signature
	SignHS256Public                // HS256 with the public key in PEM as the secret
	SignHS256Secret                // HS256 with the client secret
	SignTenantKey                  // RS256 with a key whose issuer is another tenant
	SignBroken                     // RS256 with one bit of the signature changed
)

// compact serializes and signs a draft (RFC 7515, section 7.1). It uses no JOSE
// library, because those refuse to make most of the bad tokens.
func (p *Provider) compact(draft *TokenDraft) (string, error) {
	key, err := p.keyFor(draft)
	if err != nil {
		return "", err
	}
	alg := algorithm(draft.Signing)
	setDefault(draft.Header, "alg", alg)
	if draft.Signing != SignNone && draft.Signing != SignHS256Secret {
		setDefault(draft.Header, "kid", key.id)
	}
	header, err := jsonOr(draft.HeaderJSON, draft.Header)
	if err != nil {
		return "", err
	}
	claims, err := jsonOr(draft.ClaimsJSON, draft.Claims)
	if err != nil {
		return "", err
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(claims)
	signature, err := signature(draft, key, signed)
	if err != nil {
		return "", err
	}
	compact := signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	if draft.Raw != nil {
		compact = draft.Raw(compact)
	}
	return compact, nil
}

func (p *Provider) keyFor(draft *TokenDraft) (*signingKey, error) {
	own, err := p.signerOf(draft.tenantID)
	if err != nil {
		return nil, err
	}
	switch draft.Signing {
	case SignForeign:
		foreign, err := p.keys.unpublished()
		if err != nil {
			return nil, err
		}
		return &signingKey{id: own.id, private: foreign.private}, nil
	case SignUnknownKey:
		return p.keys.unpublished()
	case SignTenantKey:
		return p.keys.sign(p.otherTenant(draft.tenantID))
	}
	return own, nil
}

// signerOf returns the tenant's own key if it has one, otherwise the common key.
func (p *Provider) signerOf(tenantID string) (*signingKey, error) {
	if t := p.tenantByID(tenantID); t != nil && t.OwnKey {
		return p.keys.sign(tenantID)
	}
	return p.keys.sign("")
}

// otherTenant returns a tenant other than this one.
func (p *Provider) otherTenant(tenantID string) string {
	for _, t := range p.config.Tenants {
		if t.ID != tenantID {
			return t.ID
		}
	}
	return ConsumersTenantID
}

func algorithm(s Signing) string {
	switch s {
	case SignPS256:
		return "PS256"
	case SignNone:
		return "none"
	case SignHS256Public, SignHS256Secret:
		return "HS256"
	}
	return "RS256"
}

func signature(draft *TokenDraft, key *signingKey, signed string) ([]byte, error) {
	sum := sha256.Sum256([]byte(signed))
	switch draft.Signing {
	case SignNone:
		return nil, nil
	case SignHS256Secret:
		return hmacSHA256([]byte(draft.secret), signed), nil
	case SignHS256Public:
		der, err := x509.MarshalPKIXPublicKey(&key.private.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("fakeidp: %w", err)
		}
		return hmacSHA256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), signed), nil
	case SignPS256:
		return rsa.SignPSS(rand.Reader, key.private, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	made, err := rsa.SignPKCS1v15(nil, key.private, crypto.SHA256, sum[:])
	if err == nil && draft.Signing == SignBroken {
		made[len(made)/2] ^= 1
	}
	return made, err
}

func hmacSHA256(secret []byte, text string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func setDefault(members map[string]any, name string, value any) {
	if _, ok := members[name]; !ok {
		members[name] = value
	}
}

func jsonOr(given []byte, members map[string]any) ([]byte, error) {
	if given != nil {
		return given, nil
	}
	return json.Marshal(members)
}
