package idtoken

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Bounds of the claims that a session keeps.
const (
	maxRoles      = 256
	maxRoleBytes  = 256
	maxHintBytes  = 2048
	maxNameBytes  = 256
	maxClaims     = 100
	maxClaimBytes = 2048
)

// readRoles reads the app roles: strings, or one string in place of a list with
// one. Anything else refuses the token, because rights hang on roles.
func readRoles(t *jwt) error {
	roles, ok := t.claims.TextOrTexts("roles")
	if !ok || len(roles) > maxRoles {
		return providerhttp.Refused("its roles are not a list of role names")
	}
	for _, role := range roles {
		if role == "" || len(role) > maxRoleBytes {
			return providerhttp.Refused("its roles are not a list of role names")
		}
	}
	t.roles = roles
	return nil
}

// readDetails reads the rest that an identity carries.
func readDetails(t *jwt) error {
	for _, claim := range []struct {
		name string
		to   *string
		max  int
	}{
		{"sid", &t.session, ports.MaxProviderSession},
		{"login_hint", &t.loginHint, maxHintBytes},
	} {
		text, ok := t.claims.Text(claim.name)
		if !ok || len(text) > claim.max {
			return providerhttp.Refused("its " + claim.name + " is not a string of sensible length")
		}
		*claim.to = text
	}
	t.name, t.username = DisplayText(t.claims, "name"), DisplayText(t.claims, "preferred_username")
	acct := strings.Trim(string(t.claims.Raw("acct")), `"`)
	t.guest = acct == "1"
	return nil
}

// DisplayText returns a member that is for display only, such as a name. One
// that is too long or not a string is no reason to refuse anybody: it is "".
func DisplayText(o providerhttp.Object, name string) string {
	if text, _ := o.Text(name); len(text) <= maxNameBytes {
		return text
	}
	return ""
}

// identity returns the person that the verified token is about.
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
		Name:            t.name,
		Username:        t.username,
		Roles:           t.roles,
		Guest:           t.guest,
		ProviderSession: t.session,
	}
}

// listClaims returns the claims as text, ordered by claimRank and name.
func (t *jwt) listClaims() []ports.Claim {
	claims := make([]ports.Claim, 0, 32)
	for name := range t.claims.Names() {
		if !t.claims.Has(name) {
			continue
		}
		value, ok := t.claims.Text(name)
		if !ok {
			value = string(t.claims.Raw(name))
		}
		claims = append(claims, ports.Claim{Name: shorten(name, maxNameBytes), Value: shorten(value, maxClaimBytes)})
	}
	slices.SortFunc(claims, func(a, b ports.Claim) int {
		return cmp.Or(claimRank(a.Name)-claimRank(b.Name), strings.Compare(a.Name, b.Name))
	})
	return claims[:min(len(claims), maxClaims)]
}

// claimRank orders the claims that people look for before all others.
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
