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
	var token ports.LogoutToken
	t, err := v.verify(ctx, raw, logoutToken, v.logoutChecks(&token))
	if err != nil {
		return ports.LogoutToken{}, err
	}
	token.Issuer, token.Subject, token.ProviderSession = t.issuer, t.subject, t.session
	return token, nil
}

// logoutChecks returns the checks of a logout token's claims in their order. Two of them
// set the ID and the expiry of token.
func (v Verifier) logoutChecks(token *ports.LogoutToken) []func(*jwt) error {
	checks := []func(*jwt) error{checkNoNonce, checkIssuer(v.Issuer)}
	if v.Authority.Entra() {
		checks = append(checks, readIssuersTenant, checkKeyIssuer(v.Issuer))
	}
	return append(checks,
		checkAudience(v.ClientID, false),
		checkExpiry(v.Clock),
		checkIssuedAt(v.Clock),
		checkAge(v.Clock, &token.Expires),
		checkNotBefore(v.Clock),
		checkLogoutEvent,
		readTokenID(&token.ID),
		readSubjectOrSession,
	)
}

// checkNoNonce refuses ID tokens: a logout token must not have a nonce, not even null.
func checkNoNonce(t *jwt) error {
	if t.claims.Listed("nonce") {
		return providerhttp.Refused("it has a nonce, as an ID token does")
	}
	return nil
}

// readIssuersTenant reads the tenant from iss, because a logout token need not have tid.
// If tid is present, it must be the same tenant.
func readIssuersTenant(t *jwt) error {
	t.tenant = authority.TenantOf(t.issuer)
	if tid, ok := t.claims.Text("tid"); !ok || t.claims.Has("tid") && authority.FoldGUID(tid) != t.tenant {
		return providerhttp.Refused("its tenant is not its issuer's")
	}
	return nil
}

// checkAge requires a token that is at most maxLogoutAge old. It sets expires to the time
// at which every instance refuses the token, whatever the skew of its clock.
func checkAge(clock func() time.Time, expires *time.Time) func(*jwt) error {
	return func(t *jwt) error {
		issued, _, _ := date(t.claims, "iat") // checked by checkIssuedAt
		if clock().After(issued.Add(maxLogoutAge)) {
			return providerhttp.Refused("it was issued more than a day ago")
		}
		*expires = issued.Add(maxLogoutAge + maxSkew)
		return nil
	}
}

// checkLogoutEvent requires the logout event and no other event.
func checkLogoutEvent(t *jwt) error {
	events, _ := t.claims.Object("events")
	_, isEvent := events.Object(logoutEvent)
	if !isEvent || len(slices.Collect(events.Names())) != 1 {
		return providerhttp.Refused("its events are not the logout event alone")
	}
	return nil
}

// readTokenID reads jti, by which the caller detects a second use.
func readTokenID(id *string) func(*jwt) error {
	return func(t *jwt) error {
		jti, ok := t.claims.Text("jti")
		if !ok || jti == "" || len(jti) > maxTokenIDBytes {
			return providerhttp.Refused("its token ID is missing or not a short string")
		}
		*id = jti
		return nil
	}
}

// readSubjectOrSession reads sub and sid. At least one of them is required.
func readSubjectOrSession(t *jwt) error {
	if t.claims.Has("sub") {
		if err := checkSubject(t); err != nil {
			return err
		}
	}
	sid, ok := t.claims.Text("sid")
	if !ok || t.claims.Has("sid") && sid == "" || len(sid) > ports.MaxProviderSession {
		return providerhttp.Refused("its session is not a short string")
	}
	if t.session = sid; sid == "" && t.subject == "" {
		return providerhttp.Refused("it names neither a subject nor a session")
	}
	return nil
}
