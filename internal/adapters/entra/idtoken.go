package entra

import (
	"context"
	"fmt"
	"time"

	"webapp/internal/ports"
)

// maxSkew is how far the provider's clock may be from this one.
const maxSkew = 5 * time.Minute

// refuse is the error of an answer that did not pass a check. reason is a
// constant text: what the token said stays out of it.
func refuse(reason string) error { return fmt.Errorf("%w: %s", ports.ErrTokenRefused, reason) }

// expectation is what the token must agree with, besides the configuration.
type expectation struct {
	nonce       func(c *jwt) error
	issuer      string // empty: any that fits the metadata
	subject     string // empty: any
	accessToken string
}

// verify checks an ID token as a whole (OpenID Connect Core 1.0, section
// 3.1.3.7, and Microsoft's rules for many tenants). The signature comes first,
// so that nothing is read from claims that nobody vouches for.
func (p *Provider) verify(ctx context.Context, m metadata, raw string, want expectation) (*jwt, error) {
	token, err := p.verifySigned(ctx, m, raw, kindIDToken)
	if err != nil {
		return nil, err
	}
	for _, check := range p.checks(m, want) {
		if err := check(token); err != nil {
			return nil, err
		}
	}
	p.noteOverage(ctx, token)
	return token, nil
}

// checks lists the claims' checks in their order; those that read a claim into
// the token come before those that rely on it.
func (p *Provider) checks(m metadata, want expectation) []func(*jwt) error {
	checks := []func(*jwt) error{
		checkIssuer(m.issuer),
		checkExpected(func(t *jwt) string { return t.issuer }, want.issuer, "its issuer is not the expected one"),
	}
	if p.authority.entra() {
		checks = append(checks,
			checkTenant(m.issuer, p.authority.Kind),
			checkKeyIssuer(m.issuer),
			checkVersion(p.authority.Kind),
			checkObjectID,
			readGroups(p.clock),
		)
	}
	return append(checks,
		checkAudience(p.cfg.ClientID),
		checkAuthorizedParty(p.cfg.ClientID),
		checkExpiry(p.clock),
		checkIssuedAt(p.clock),
		checkNotBefore(p.clock),
		want.nonce,
		checkSubject,
		checkExpected(func(t *jwt) string { return t.subject }, want.subject, "its subject is not the expected one"),
		checkAccessTokenHash(want.accessToken),
		readRoles,
		readDetails,
		// Last, so that ErrTenantNotAllowed implies a token that holds otherwise.
		checkTenantAllowed(p.tenants),
	)
}
