package idtoken

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Verifier verifies the tokens that one provider signs for one application.
type Verifier struct {
	// Authority decides which of Microsoft's rules apply.
	Authority authority.Authority
	// Issuer is the issuer in the provider's metadata.
	Issuer authority.Issuer
	// Algorithms are the Acceptable algorithms that the provider offers.
	Algorithms []string
	// ClientID is the application's ID.
	ClientID string
	// AllowsTenant reports whether people of a tenant may sign in; nil allows any.
	AllowsTenant func(tenant string) bool
	// Keys returns the provider's keys. It may load them again if no key has this
	// ID. The ID is empty for a token without a kid.
	Keys func(ctx context.Context, keyID string) (KeySet, error)
	// Clock returns the time.
	Clock func() time.Time
	// Log gets warnings about tokens that are accepted.
	Log *slog.Logger
}

// Expected contains the values of one sign-in that an ID token must agree with.
type Expected struct {
	// Nonce is the nonce of the sign-in. If it is empty, no nonce in a token
	// matches.
	Nonce string
	// Refreshed says that the token came with a refresh. It may then have no nonce
	// (OpenID Connect Core 1.0, section 12.2).
	Refreshed bool
	// Issuer is that of the callback or of the sign-in; empty accepts any.
	Issuer string
	// Subject is that of the sign-in; empty accepts any.
	Subject string
	// AccessToken came with the ID token. It is compared with at_hash.
	AccessToken string
}

// Token contains the claims of a verified ID token.
type Token struct {
	Identity  ports.Identity
	Claims    []ports.Claim
	Groups    ports.Groups
	LoginHint string
}

// Verify verifies an ID token and returns its claims.
func (v Verifier) Verify(ctx context.Context, raw string, want Expected) (Token, error) {
	t, err := v.verify(ctx, raw, jwt{kind: idToken, want: want}, v.checks())
	if err != nil {
		return Token{}, err
	}
	v.warnOverage(ctx, t)
	return Token{Identity: t.identity, Claims: t.listClaims(), Groups: t.groups, LoginHint: t.loginHint}, nil
}

// verify verifies a token of t's kind with go-oidc. The checks run on the verified claims,
// before go-oidc reads them.
//
// Two of go-oidc's own checks are off, because checks here replace them. It allows no
// leeway for exp: checkExpiry, checkIssuedAt and checkNotBefore check the dates. It
// knows one issuer only: for a template, checkIssuer and checkTenant check the issuer.
//
// The error never has go-oidc's text, which quotes the token.
func (v Verifier) verify(ctx context.Context, raw string, t jwt, checks []func(*jwt) error) (*jwt, error) {
	parts, err := splitToken(raw, t.kind)
	if err != nil {
		return nil, err
	}
	if t.header, err = parseHeader(parts.header, t.kind, v.Algorithms); err != nil {
		return nil, err
	}
	t.verifier = v
	source := &keySource{token: t, parts: parts, checks: checks}
	verifier := oidc.NewVerifier(string(v.Issuer), source, &oidc.Config{
		ClientID:             authority.FoldGUID(v.ClientID),
		SupportedSigningAlgs: v.Algorithms,
		SkipIssuerCheck:      v.Issuer.PerTenant(),
		SkipExpiryCheck:      true,
	})
	if t.kind == logoutToken {
		_, err = verifier.VerifyLogout(ctx, raw)
	} else {
		_, err = verifier.Verify(ctx, raw)
	}
	switch {
	case source.err != nil:
		return nil, source.err
	case err != nil || !source.checked:
		return nil, t.kind.refuse(" does not hold")
	}
	return &source.token, nil
}

// keySource is the oidc.KeySet for one token.
type keySource struct {
	checks  []func(*jwt) error
	token   jwt
	parts   parts // of the token
	checked bool  // all checks have passed
	err     error // why the token was refused
}

// VerifySignature verifies the signature with the keys that the header selects, runs
// the checks and returns the claims for go-oidc. The argument is the token of s.parts.
func (s *keySource) VerifySignature(ctx context.Context, _ string) (claims []byte, err error) {
	defer func() { s.checked, s.err = err == nil, err }()
	t := &s.token
	set, err := t.verifier.Keys(ctx, t.header.keyID)
	if err != nil {
		return nil, err
	}
	candidates := set.candidates(t.header.keyID, t.header.alg)
	if len(candidates) == 0 {
		return nil, providerhttp.Refused("no key of the provider fits its signature")
	}
	signedBy := slices.IndexFunc(candidates, func(k signingKey) bool {
		return k.verifies(t.header.alg, s.parts.signed, s.parts.signature)
	})
	if signedBy < 0 {
		return nil, t.kind.refuse("'s signature is wrong")
	}
	t.key = candidates[signedBy]
	if t.claims, err = parseClaims(s.parts.payload, t.kind); err != nil {
		return nil, err
	}
	for _, check := range s.checks {
		if err := check(t); err != nil {
			return nil, err
		}
	}
	return t.claimsForOIDC()
}

// claimsForOIDC returns only the claims that go-oidc needs, with GUIDs in lower case.
// go-oidc would accept names in any letter case, compare GUIDs with regard to case,
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
