package entra

import (
	"context"
	"time"

	"webapp/internal/ports"
)

var _ ports.LogoutTokens = (*Provider)(nil)

// Bounds of a logout token's checks.
const (
	maxLogoutAge    = 24 * time.Hour
	maxTokenIDBytes = 512
)

// logoutEvent is what makes a token a logout token (OpenID Connect Back-Channel
// Logout 1.0, section 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// VerifyLogoutToken verifies a logout token (OpenID Connect Back-Channel Logout
// 1.0, section 2.6), but for its single use.
//
// The claim exp is demanded, as the specification does. Some providers left it
// out for long (Keycloak until 23.0.4, Ory Hydra still does); their tokens are
// refused, and the refusal names the missing expiry.
func (p *Provider) VerifyLogoutToken(ctx context.Context, raw string) (ports.LogoutToken, error) {
	// A stranger's bytes that are no token make nobody wait for the provider.
	if _, err := splitToken(raw, kindLogoutToken); err != nil {
		return ports.LogoutToken{}, err
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return ports.LogoutToken{}, err
	}
	token, err := p.verifySigned(ctx, m, raw, kindLogoutToken)
	if err != nil {
		return ports.LogoutToken{}, err
	}
	said := ports.LogoutToken{}
	for _, check := range p.logoutChecks(m, &said) {
		if err := check(token); err != nil {
			return ports.LogoutToken{}, err
		}
	}
	said.Issuer, said.Subject, said.ProviderSession = token.issuer, token.subject, token.session
	return said, nil
}

// logoutChecks lists the claims' checks in their order.
func (p *Provider) logoutChecks(m metadata, said *ports.LogoutToken) []func(*jwt) error {
	checks := []func(*jwt) error{checkNoNonce, checkIssuer(m.issuer)}
	if p.authority.entra() {
		checks = append(checks, readIssuersTenant, checkKeyIssuer(m.issuer))
	}
	return append(checks,
		checkAudience(p.cfg.ClientID),
		checkExpiry(p.clock),
		checkIssuedAt(p.clock),
		checkAge(p.clock, &said.Expires),
		checkNotBefore(p.clock),
		checkLogoutEvent,
		readTokenID(&said.ID),
		readWhoSignedOut,
	)
}

// checkNoNonce keeps ID tokens out, whatever else they hold: a nonce is
// prohibited, also an empty one.
func checkNoNonce(t *jwt) error {
	if t.claims.has("nonce") {
		return refuse("it has a nonce, as an ID token does")
	}
	return nil
}

// readIssuersTenant takes the tenant from iss, since nothing promises tid in a
// logout token; where it is there it must agree.
func readIssuersTenant(t *jwt) error {
	t.tenant = issuerTenant(t.issuer)
	if tid, ok := t.claims.text("tid"); !ok || t.claims.has("tid") && tid != t.tenant {
		return refuse("its tenant is not its issuer's")
	}
	return nil
}

// checkAge wants a token of the last day and notes when it will be too old for
// any instance, however wrong that one's clock is.
func checkAge(clock func() time.Time, expires *time.Time) func(*jwt) error {
	return func(t *jwt) error {
		issued, _, _ := t.claims.date("iat") // checked by checkIssuedAt
		if clock().After(issued.Add(maxLogoutAge)) {
			return refuse("it was issued more than a day ago")
		}
		*expires = issued.Add(maxLogoutAge + maxSkew)
		return nil
	}
}

// checkLogoutEvent wants the logout event, and it alone: what a token with
// another besides would mean is not known.
func checkLogoutEvent(t *jwt) error {
	events, err := parseObject(t.claims["events"])
	if err != nil || len(events) != 1 {
		return refuse("its events are not the logout event alone")
	}
	if _, err := parseObject(events[logoutEvent]); err != nil {
		return refuse("its events are not the logout event alone")
	}
	return nil
}

// readTokenID reads jti, by which a second use is noticed.
func readTokenID(id *string) func(*jwt) error {
	return func(t *jwt) error {
		jti, ok := t.claims.text("jti")
		if !ok || jti == "" || len(jti) > maxTokenIDBytes {
			return refuse("its token ID is missing or not a short string")
		}
		*id = jti
		return nil
	}
}

// readWhoSignedOut reads sub and sid; one of them has to be there.
func readWhoSignedOut(t *jwt) error {
	if t.claims.has("sub") {
		if err := checkSubject(t); err != nil {
			return err
		}
	}
	sid, ok := t.claims.text("sid")
	if !ok || t.claims.has("sid") && sid == "" || len(sid) > ports.MaxProviderSession {
		return refuse("its session is not a short string")
	}
	if t.session = sid; sid == "" && t.subject == "" {
		return refuse("it names neither a subject nor a session")
	}
	return nil
}
