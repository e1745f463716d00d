package domain

import (
	"slices"
	"strings"
	"time"

	"webapp/internal/ports"
)

// UserKey identifies a user for ever: equal keys are the same person, and no other
// person ever gets the key. Compare and store it; do not parse it.
type UserKey string

// User is a signed-in person.
type User struct {
	Key UserKey
	// Name and Username are for display to this user. They are not unique and can
	// change. Name is the Username if the provider returned no name. Both are
	// empty if it returned neither.
	Name     string
	Username string
	// Tenant is the Entra tenant ID; empty for providers without tenants.
	Tenant string
	// Issuer is the claim iss of the user's ID token.
	Issuer string
	// Guest is true if the user's home is another tenant.
	Guest bool
	Roles []string
}

// HasRole reports whether the user has the app role. It compares names exactly.
// Nobody has the role with the empty name.
func (u User) HasRole(role string) bool {
	return role != "" && slices.Contains(u.Roles, role)
}

// Session is a signed-in user and the times of the session.
type Session struct {
	User    User
	Started time.Time
	// Ends is when the session ends although it is used, and IdleEnds when it
	// ends if it is not used.
	Ends     time.Time
	IdleEnds time.Time
	// AuthTime is when the user authenticated at the provider (claim auth_time), or
	// zero if the ID token did not say. AuthContexts are the authentication contexts
	// that the sign-in satisfied (claim acrs).
	AuthTime     time.Time
	AuthContexts []string
}

// newUser returns the user with this identity. The key is tid and oid, which are
// the same in every application of the tenant; they are GUIDs, so case does not
// matter. Without them it is iss and sub (OpenID Connect Core 1.0, section 5.7). It
// is never an e-mail address or a name, because people choose these.
func newUser(id ports.Identity) User {
	u := User{Name: id.Name, Username: id.Username, Issuer: id.Issuer, Guest: id.Guest, Roles: id.Roles}
	if id.TenantID != "" && id.ObjectID != "" {
		u.Tenant = strings.ToLower(id.TenantID)
		u.Key = UserKey("tid:" + u.Tenant + " oid:" + strings.ToLower(id.ObjectID))
	} else {
		u.Key = UserKey("iss:" + id.Issuer + " sub:" + id.Subject)
	}
	if strings.TrimSpace(u.Name) == "" {
		u.Name = strings.TrimSpace(u.Username)
	}
	return u
}
