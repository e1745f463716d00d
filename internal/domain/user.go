package domain

import (
	"slices"
	"strings"
	"time"

	"webapp/internal/ports"
)

// UserKey names a user for good: equal keys are the same person, and a key is
// never given to anybody else. Its text is for comparing, storing and auditing;
// nothing may be parsed out of it.
type UserKey string

// User is who is signed in.
type User struct {
	Key UserKey
	// Name and Username are for showing to this user. They are neither unique
	// nor lasting. Name is the Username where the provider asserted no name;
	// both are empty where it asserted neither.
	Name     string
	Username string
	// Tenant is the Entra tenant ID; empty for providers without tenants.
	Tenant string
	// Issuer is the provider that vouches for the user, as its ID tokens name it.
	Issuer string
	// Guest says that the account is at home in another tenant.
	Guest bool
	Roles []string
}

// HasRole reports whether the user was assigned the app role. Names are
// compared exactly; the empty name is nobody's role.
func (u User) HasRole(role string) bool {
	return role != "" && slices.Contains(u.Roles, role)
}

// Session is a signed-in user with the session's times.
type Session struct {
	User    User
	Started time.Time
	// Ends is when the session ends even if it is used; IdleEnds is when it
	// ends unless it is used.
	Ends     time.Time
	IdleEnds time.Time
}

// newUser gives an identity its meaning. The key is tid and oid, which are the
// same in each application of the tenant and compare without regard to case, else
// iss and sub (OpenID Connect Core 1.0, section 5.7); never an address or a name,
// which people can choose.
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
