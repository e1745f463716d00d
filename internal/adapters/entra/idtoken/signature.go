package idtoken

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"webapp/internal/adapters/entra/authority"
)

// verify verifies a token of this kind with go-oidc and runs the checks.
//
// go-oidc skips two of its own checks. It allows no leeway for exp: checkExpiry,
// checkIssuedAt and checkNotBefore check the dates. It knows one issuer only:
// checkIssuer and checkTenant compare with a template for many tenants.
//
// The error never has go-oidc's text, which quotes the token.
func (v Verifier) verify(ctx context.Context, raw string, kind tokenKind, checks []func(*jwt) error) (*jwt, error) {
	segments, err := splitToken(raw, kind)
	if err != nil {
		return nil, err
	}
	header, err := parseHeader(segments[0], kind, v.Algorithms)
	if err != nil {
		return nil, err
	}
	keys := &keySource{keys: v.Keys, token: jwt{kind: kind, header: header}, checks: checks}
	verifier := oidc.NewVerifier(string(v.Issuer), keys, &oidc.Config{
		ClientID:             authority.FoldGUID(v.ClientID),
		SupportedSigningAlgs: v.Algorithms,
		SkipIssuerCheck:      v.Issuer.PerTenant(),
		SkipExpiryCheck:      true,
	})
	if kind == logoutToken {
		_, err = verifier.VerifyLogout(ctx, raw)
	} else {
		_, err = verifier.Verify(ctx, raw)
	}
	switch {
	case keys.err != nil:
		return nil, keys.err
	case err != nil || !keys.checked:
		return nil, kind.refuse(" does not hold")
	}
	return &keys.token, nil
}

// keySource is the oidc.KeySet of one verification. It verifies the signature
// with the keys that the token's header points to, notes which one it was, and
// runs the checks on the verified payload before go-oidc reads it.
type keySource struct {
	keys    func(ctx context.Context, keyID string) (KeySet, error)
	checks  []func(*jwt) error
	token   jwt
	checked bool
	err     error // why the token was refused
}

// VerifySignature returns the claims of the token for go-oidc.
func (s *keySource) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	if s.err = s.check(ctx, raw); s.err != nil {
		return nil, s.err
	}
	s.checked = true
	return s.token.claimsForOIDC()
}

func (s *keySource) check(ctx context.Context, raw string) error {
	t := &s.token
	set, err := s.keys(ctx, t.header.keyID)
	if err != nil {
		return err
	}
	candidates := set.candidates(t.header.keyID, t.header.alg)
	if len(candidates) == 0 {
		return refuse("no key of the provider fits its signature")
	}
	payload, err := t.verifySignature(ctx, raw, candidates)
	if err != nil {
		return err
	}
	if t.claims, err = parseClaims(payload, t.kind); err != nil {
		return err
	}
	for _, check := range s.checks {
		if err := check(t); err != nil {
			return err
		}
	}
	return nil
}

// verifySignature returns the signed payload and notes the key that verified it.
func (t *jwt) verifySignature(ctx context.Context, raw string, candidates []signingKey) ([]byte, error) {
	for _, key := range candidates {
		verify := (&oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key.public}}).VerifySignature
		if public, ok := key.public.(ed25519.PublicKey); ok && t.header.alg == "Ed25519" {
			verify = ed25519KeySet(public).VerifySignature
		}
		if payload, err := verify(ctx, raw); err == nil {
			t.key = key
			return payload, nil
		}
	}
	return nil, t.kind.refuse("'s signature is wrong")
}

// ed25519KeySet verifies signatures whose algorithm has the name of RFC 9864.
// go-jose, and with it go-oidc, knows the name EdDSA only.
type ed25519KeySet ed25519.PublicKey

func (k ed25519KeySet) VerifySignature(_ context.Context, raw string) ([]byte, error) {
	end := strings.LastIndexByte(raw, '.')
	signature, err := base64.RawURLEncoding.DecodeString(raw[end+1:])
	if err != nil || !ed25519.Verify(ed25519.PublicKey(k), []byte(raw[:end]), signature) {
		return nil, errors.New("wrong signature")
	}
	return base64.RawURLEncoding.DecodeString(raw[strings.IndexByte(raw, '.')+1 : end])
}

// claimsForOIDC returns the claims that go-oidc needs, under their exact names.
// go-oidc would read names in any letter case, compare GUIDs with regard to case,
// and fail if _claim_names has no _claim_sources.
func (t *jwt) claimsForOIDC() ([]byte, error) {
	audiences, _ := t.claims.TextOrTexts("aud")
	for i, audience := range audiences {
		audiences[i] = authority.FoldGUID(audience)
	}
	folded, err := json.Marshal(audiences)
	if err != nil {
		return nil, err
	}
	payload := append(make([]byte, 0, 1024), `{"aud":`...)
	payload = append(payload, folded...)
	for _, name := range []string{"iss", "sub", "exp", "iat", "nbf", "nonce", "at_hash", "jti", "sid", "events"} {
		if raw := t.claims.Raw(name); raw != nil {
			payload = append(append(append(payload, `,"`...), name+`":`...), raw...)
		}
	}
	return append(payload, '}'), nil
}
