package idtoken

import (
	"cmp"
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
	maxNameBytes  = 256
	maxClaims     = 100
	maxClaimBytes = 2048
)

// readRoles reads the app roles: strings, or the token is refused, because
// rights hang on them.
func readRoles(t *jwt) error {
	roles, ok := t.claims.Texts("roles")
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
		{"sid", &t.session, ports.MaxProviderSession},
		{"login_hint", &t.loginHint, maxHintBytes},
		{"name", &t.name, maxIDTokenBytes},
		{"preferred_username", &t.username, maxIDTokenBytes},
	} {
		text, ok := t.claims.Text(claim.name)
		if !ok || len(text) > claim.max {
			return refuse("its " + claim.name + " is not a string of sensible length")
		}
		*claim.to = text
	}
	acct := strings.Trim(string(t.claims["acct"]), `"`)
	t.guest = acct == "1"
	return nil
}

// identity returns who the verified token speaks of.
func (t *jwt) identity() ports.Identity {
	objectID := t.objectID
	if t.tenant == "" {
		objectID = "" // B2C without tid: oid names nobody by itself, iss and sub do
	}
	return ports.Identity{
		Issuer:          t.issuer,
		Subject:         t.subject,
		TenantID:        t.tenant,
		ObjectID:        objectID,
		Name:            Shorten(t.name),
		Username:        Shorten(t.username),
		Roles:           t.roles,
		Guest:           t.guest,
		ProviderSession: t.session,
	}
}

// listClaims returns the claims as text, those first that a person looks for.
func (t *jwt) listClaims() []ports.Claim {
	claims := make([]ports.Claim, 0, len(t.claims))
	for name, raw := range t.claims {
		value := string(raw)
		if text, ok := t.claims.Text(name); ok {
			value = text
		}
		claims = append(claims, ports.Claim{Name: shorten(name, maxNameBytes), Value: shorten(value, maxClaimBytes)})
	}
	slices.SortFunc(claims, func(a, b ports.Claim) int {
		return cmp.Or(claimRank(a.Name)-claimRank(b.Name), strings.Compare(a.Name, b.Name))
	})
	return claims[:min(len(claims), maxClaims)]
}

// claimRank orders the claims that a person looks for before all others.
func claimRank(name string) int {
	switch name {
	case "name":
		return 1
	case "preferred_username":
		return 2
	case "email":
		return 3
	case "roles":
		return 4
	case "groups":
		return 5
	case "oid":
		return 6
	case "tid":
		return 7
	case "sub":
		return 8
	case "iss":
		return 9
	case "aud":
		return 10
	case "iat", "nbf", "exp":
		return 11
	}
	return 12
}

// Shorten cuts a name to the length that an identity takes.
func Shorten(name string) string { return shorten(name, maxNameBytes) }

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
