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
	maxRoles        = 256
	maxRoleBytes    = 256
	maxContexts     = 100 // Entra has c1 to c99
	maxContextBytes = 64
	maxHintBytes    = 2048
	maxNameBytes    = 256
	maxClaims       = 100
	maxClaimBytes   = 2048
)

// readRoles reads the app roles: a list of strings, or one string. Any other value
// refuses the token, because rights depend on roles.
func (t *jwt) readRoles() error {
	roles, ok := t.readNames("roles", maxRoles, maxRoleBytes)
	if !ok {
		return providerhttp.Refused("its roles are not a list of role names")
	}
	t.identity.Roles = roles
	return nil
}

// readAuthContexts reads acrs, the authentication contexts of Conditional Access, in the
// same way as readRoles.
func (t *jwt) readAuthContexts() error {
	contexts, ok := t.readNames("acrs", maxContexts, maxContextBytes)
	if !ok {
		return providerhttp.Refused("its acrs are not a list of authentication contexts")
	}
	t.identity.AuthContexts = contexts
	return nil
}

// readNames reads a list of short strings, or one string. ok is false for any other
// value.
func (t *jwt) readNames(claim string, maxNames, maxBytes int) (names []string, ok bool) {
	names, ok = t.claims.TextOrTexts(claim)
	invalid := func(name string) bool { return name == "" || len(name) > maxBytes }
	return names, ok && len(names) <= maxNames && !slices.ContainsFunc(names, invalid)
}

// readDetails reads sid, login_hint, the names and whether the account is a guest.
func (t *jwt) readDetails() error {
	for _, claim := range []struct {
		name string
		to   *string
		max  int
	}{
		{"sid", &t.identity.ProviderSession, ports.MaxProviderSession},
		{"login_hint", &t.loginHint, maxHintBytes},
	} {
		text, ok := t.claims.Text(claim.name)
		if !ok || len(text) > claim.max {
			return providerhttp.Refused("its " + claim.name + " is not a string of sensible length")
		}
		*claim.to = text
	}
	t.identity.Name, t.identity.Username = DisplayText(t.claims, "name"), DisplayText(t.claims, "preferred_username")
	acct := strings.Trim(string(t.claims.Raw("acct")), `"`)
	t.identity.Guest = acct == "1"
	return nil
}

// DisplayText returns a member that is only displayed, such as a name. It returns "" if
// the member is too long or not a string: that is no reason to refuse a sign-in.
func DisplayText(o providerhttp.Object, name string) string {
	if text, _ := o.Text(name); len(text) <= maxNameBytes {
		return text
	}
	return ""
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

// claimRank returns the place of a claim in the list. Claims that people look for come
// first.
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

// shorten cuts text that is longer than limit and ends it with an ellipsis.
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
