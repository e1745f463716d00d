package idtoken

import (
	"context"
	"slices"
	"time"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

const (
	// maxLogoutAge is the largest accepted age of a logout token.
	maxLogoutAge = 24 * time.Hour
	// maxTokenIDBytes bounds jti.
	maxTokenIDBytes = 512
)

// logoutEvent is the event of a logout token (OpenID Connect Back-Channel Logout
// 1.0, section 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// VerifyLogout verifies a logout token (OpenID Connect Back-Channel Logout 1.0, section
// 2.6) and returns its claims. The caller checks that the token is used only once.
//
// VerifyLogout requires exp, as the specification does. Tokens of Keycloak before 23.0.4
// and of Ory Hydra have no exp and are refused; the error names the missing expiry.
func (v Verifier) VerifyLogout(ctx context.Context, raw string) (ports.LogoutToken, error) {
	t, err := v.verify(ctx, raw, jwt{kind: logoutToken}, v.logoutChecks())
	if err != nil {
		return ports.LogoutToken{}, err
	}
	token := t.logout
	token.Issuer, token.Subject, token.ProviderSession = t.identity.Issuer, t.identity.Subject, t.identity.ProviderSession
	return token, nil
}

// logoutChecks returns the checks of a logout token's claims in their order.
func (v Verifier) logoutChecks() []func(*jwt) error {
	checks := []func(*jwt) error{(*jwt).checkNoNonce, (*jwt).checkIssuer}
	if v.Authority.Entra() {
		checks = append(checks, (*jwt).readIssuersTenant, (*jwt).checkKeyIssuer)
	}
	return append(checks,
		(*jwt).checkAudience,
		(*jwt).checkExpiry,
		(*jwt).checkIssuedAt,
		(*jwt).checkAge,
		(*jwt).checkNotBefore,
		(*jwt).checkLogoutEvent,
		(*jwt).readTokenID,
		(*jwt).readSubjectOrSession,
	)
}

// checkNoNonce refuses ID tokens: a logout token must not have a nonce, not even null.
func (t *jwt) checkNoNonce() error {
	if t.claims.Listed("nonce") {
		return providerhttp.Refused("it has a nonce, as an ID token does")
	}
	return nil
}

// readIssuersTenant reads the tenant from iss, because a logout token need not have tid.
// If tid is present, it must be the same tenant.
func (t *jwt) readIssuersTenant() error {
	t.identity.TenantID = authority.TenantOf(t.identity.Issuer)
	if tid, ok := t.claims.Text("tid"); !ok || t.claims.Has("tid") && authority.FoldGUID(tid) != t.identity.TenantID {
		return providerhttp.Refused("its tenant is not its issuer's")
	}
	return nil
}

// checkAge requires a token that is at most maxLogoutAge old. It sets the time at
// which every instance refuses the token, whatever the skew of its clock.
func (t *jwt) checkAge() error {
	issued, _, _ := date(t.claims, "iat") // checked by checkIssuedAt
	if t.verifier.Clock().After(issued.Add(maxLogoutAge)) {
		return providerhttp.Refused("it was issued more than a day ago")
	}
	t.logout.Expires = issued.Add(maxLogoutAge + maxSkew)
	return nil
}

// checkLogoutEvent requires the logout event and no other event.
func (t *jwt) checkLogoutEvent() error {
	events, _ := t.claims.Object("events")
	_, isEvent := events.Object(logoutEvent)
	if !isEvent || len(slices.Collect(events.Names())) != 1 {
		return providerhttp.Refused("its events are not the logout event alone")
	}
	return nil
}

// readTokenID reads jti, by which the caller detects a second use.
func (t *jwt) readTokenID() error {
	jti, ok := t.claims.Text("jti")
	if !ok || jti == "" || len(jti) > maxTokenIDBytes {
		return providerhttp.Refused("its token ID is missing or not a short string")
	}
	t.logout.ID = jti
	return nil
}

// readSubjectOrSession reads sub and sid. At least one of them is required.
func (t *jwt) readSubjectOrSession() error {
	if t.claims.Has("sub") {
		if err := t.checkSubject(); err != nil {
			return err
		}
	}
	sid, ok := t.claims.Text("sid")
	if !ok || t.claims.Has("sid") && sid == "" || len(sid) > ports.MaxProviderSession {
		return providerhttp.Refused("its session is not a short string")
	}
	if t.identity.ProviderSession = sid; sid == "" && t.identity.Subject == "" {
		return providerhttp.Refused("it names neither a subject nor a session")
	}
	return nil
}
