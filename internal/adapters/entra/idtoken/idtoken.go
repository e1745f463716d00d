// Package idtoken verifies the ID tokens and logout tokens of one OpenID
// Provider and reads their claims.
package idtoken

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// maxSkew is how far the provider's clock may be from this one.
const maxSkew = 5 * time.Minute

// Verifier verifies the tokens that one provider signs for one application. No
// field turns a check off.
type Verifier struct {
	// Authority says which of Microsoft's rules apply.
	Authority authority.Authority
	// Issuer is the issuer in the provider's metadata.
	Issuer authority.Issuer
	// Algorithms are the Acceptable ones that the provider offers.
	Algorithms []string
	// ClientID is this application.
	ClientID string
	// AllowsTenant says whether people of a tenant may sign in; nil allows any.
	AllowsTenant func(tenant string) bool
	// Keys returns the provider's keys. It may load them again if no key has this
	// ID. The ID is empty for a token without a kid.
	Keys func(ctx context.Context, keyID string) (KeySet, error)
	// Clock tells the time.
	Clock func() time.Time
	// Log gets warnings about tokens that are accepted.
	Log *slog.Logger
}

// Expected holds the values of one sign-in that an ID token must agree with.
type Expected struct {
	// Nonce is that of the sign-in. An empty one equals nothing.
	Nonce string
	// Refreshed says that the token came with a refresh: then it may lack a nonce
	// (OpenID Connect Core 1.0, section 12.2).
	Refreshed bool
	// Issuer and Subject are those of an earlier answer; empty takes any.
	Issuer  string
	Subject string
	// AccessToken came with the ID token; at_hash is about it.
	AccessToken string
}

// Token holds the claims of a verified ID token.
type Token struct {
	Identity  ports.Identity
	Claims    []ports.Claim
	Groups    ports.Groups
	LoginHint string
}

// Verify checks an ID token as a whole (OpenID Connect Core 1.0, section
// 3.1.3.7, and Microsoft's rules for many tenants). The signature comes first,
// so that nothing is read from claims that nobody vouches for.
func (v Verifier) Verify(ctx context.Context, raw string, want Expected) (Token, error) {
	t, err := v.verify(ctx, raw, idToken, v.checks(want))
	if err != nil {
		return Token{}, err
	}
	v.noteOverage(ctx, t)
	return Token{Identity: t.identity(), Claims: t.listClaims(), Groups: t.groups, LoginHint: t.loginHint}, nil
}

// checks lists the checks of the claims in their order. A check that reads a claim
// into the jwt comes before the checks that use it.
func (v Verifier) checks(want Expected) []func(*jwt) error {
	checks := []func(*jwt) error{
		checkIssuer(v.Issuer),
		checkExpected(func(t *jwt) string { return t.issuer }, want.Issuer, "its issuer is not the expected one"),
	}
	if v.Authority.Entra() {
		checks = append(checks,
			checkTenant(v.Issuer, v.Authority.Kind),
			checkKeyIssuer(v.Issuer),
			checkVersion(v.Authority.Kind),
			checkObjectID,
			readGroups(v.Clock),
		)
	}
	return append(checks,
		checkAudience(v.ClientID, !v.Authority.Entra()),
		checkAuthorizedParty(v.ClientID),
		checkExpiry(v.Clock),
		checkIssuedAt(v.Clock),
		checkNotBefore(v.Clock),
		checkNonce(want),
		checkSubject,
		checkExpected(func(t *jwt) string { return t.subject }, want.Subject, "its subject is not the expected one"),
		checkAccessTokenHash(want.AccessToken),
		readRoles,
		readDetails,
		// Last, so that ErrTenantNotAllowed implies a token that holds otherwise.
		checkTenantAllowed(v.AllowsTenant),
	)
}

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
		return providerhttp.Refused("no key of the provider fits its signature")
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
