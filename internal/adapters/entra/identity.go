package entra

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"webapp/internal/ports"
)

// Bounds of what a session keeps of a token.
const (
	maxRoles      = 256
	maxRoleBytes  = 256
	maxHintBytes  = 2048
	maxSIDBytes   = 512
	maxNameBytes  = 256
	maxClaims     = 100
	maxClaimBytes = 2048
)

// readRoles reads the app roles: strings, or the token is refused, because
// rights hang on them.
func readRoles(t *jwt) error {
	roles, ok := t.claims.texts("roles")
	if !ok || len(roles) > maxRoles {
		return refuse("its roles are not a list of role names")
	}
	for _, role := range roles {
		if role == "" || len(role) > maxRoleBytes {
			return refuse("its roles are not a list of role names")
		}
	}
	t.roles = roles
	return nil
}

// readDetails reads the rest that an identity carries. Names are for display:
// they are cut to length, not refused.
func readDetails(t *jwt) error {
	for _, claim := range []struct {
		name string
		to   *string
		max  int
	}{
		{"sid", &t.session, maxSIDBytes},
		{"login_hint", &t.loginHint, maxHintBytes},
		{"name", &t.name, maxIDTokenBytes},
		{"preferred_username", &t.username, maxIDTokenBytes},
	} {
		text, ok := t.claims.text(claim.name)
		if !ok || len(text) > claim.max {
			return refuse("its " + claim.name + " is not a string of sensible length")
		}
		*claim.to = text
	}
	acct := strings.Trim(string(t.claims["acct"]), `"`)
	t.guest = acct == "1"
	return nil
}

// identity answers who the verified token speaks of.
func (p *Provider) identity(t *jwt) ports.Identity {
	name := t.name
	if strings.TrimSpace(name) == "" {
		name = t.username
	}
	if strings.TrimSpace(name) == "" {
		name = t.subject
	}
	return ports.Identity{
		Issuer:          t.issuer,
		Subject:         t.subject,
		TenantID:        t.tenant,
		ObjectID:        t.objectID,
		Name:            shorten(name, maxNameBytes),
		Username:        shorten(t.username, maxNameBytes),
		Roles:           t.roles,
		Guest:           t.guest,
		ProviderSession: t.session,
	}
}

// listClaims answers the claims as text, those first that a person looks for.
func (t *jwt) listClaims() []ports.Claim {
	first := []string{
		"name", "preferred_username", "email", "roles", "groups", "oid", "tid", "sub", "iss", "aud",
		"iat", "nbf", "exp",
	}
	rank := func(c ports.Claim) int {
		if i := slices.Index(first, c.Name); i >= 0 {
			return i
		}
		return len(first)
	}
	claims := make([]ports.Claim, 0, len(t.claims))
	for name, raw := range t.claims {
		value := string(raw)
		if text, ok := t.claims.text(name); ok {
			value = text
		}
		claims = append(claims, ports.Claim{Name: shorten(name, maxNameBytes), Value: shorten(value, maxClaimBytes)})
	}
	slices.SortFunc(claims, func(a, b ports.Claim) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	return claims[:min(len(claims), maxClaims)]
}

// shorten cuts text at a character's boundary and shows that it did.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	cut := limit - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// noteOverage tells the operator that a person has more groups than a token
// holds and that the token does not say where they are: whoever reads groups
// must not take that for "none". The claims themselves keep _claim_names.
func (p *Provider) noteOverage(ctx context.Context, t *jwt) {
	names, err := parseObject(t.claims["_claim_names"])
	if err != nil || !names.has("groups") || t.claims.has("_claim_sources") {
		return
	}
	p.log.WarnContext(ctx, "ID token leaves groups out and names no source for them", slog.String("claim", "_claim_names"))
}
