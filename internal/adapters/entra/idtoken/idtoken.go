// Package idtoken verifies the ID tokens and logout tokens of one OpenID
// Provider and reads their claims.
package idtoken

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
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

// refuse returns ports.ErrTokenRefused with a reason. The reason is a constant
// text and quotes nothing of the token.
func refuse(reason string) error { return fmt.Errorf("%w: %s", ports.ErrTokenRefused, reason) }

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
