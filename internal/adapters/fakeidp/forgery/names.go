package forgery

import (
	"slices"
	"strings"

	"webapp/internal/adapters/fakeidp"
)

// names are claims that say who somebody is, in ways that two readers read differently.
func names() []Forgery {
	return slices.Concat(
		rule(kind{}, "OpenID Connect Core 1.0, section 2: sub is there, a string of 1 to 255 characters", []attack{
			{"sub is missing", Drop("sub")},
			{"sub is empty", Set("sub", "")},
			{"sub is a number", Set("sub", 12345)},
			{"sub is null", Set("sub", nil)},
			{"sub is too long", Set("sub", strings.Repeat("s", 256))},
			{"Sub in place of sub", Rename("sub", "Sub")},
		}),
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 11: nonce, spelt like that", []attack{
			{"Nonce in place of nonce", Rename("nonce", "Nonce")},
		}),
		rule(kind{prudent: true}, "RFC 7519, section 4: claim names are unique", []attack{
			{"sub stands twice", WithMembers(`"sub":"somebody-else"`)},
			{"aud stands twice, once escaped", WithMembers(`"\u0061ud":"x"`)},
			{"a nested member stands twice", WithMembers(`"note":{"a":{"b":1,"b":2}}`)},
			{"a member in a list stands twice", WithMembers(`"note":[{"b":1,"b":2}]`)},
		}),
		rule(kind{prudent: true}, "prudence: of two names that differ in letter case only, one reader takes the one and the next the other", []attack{
			{"SUB beside sub", Set("SUB", "somebody-else")},
			{"Tid beside tid", Set("Tid", fakeidp.FabrikamTenantID)},
			{"OID beside oid", Set("OID", "00000000-0000-0000-0000-000000000001")},
			{"Roles beside roles", All(Set("roles", []string{}), Set("Roles", []string{"Admin"}))},
			{"Groups beside groups", All(Set("groups", []string{}), Set("Groups", []string{"Admin"}))},
			{"two names that nobody reads", All(Set("note", "a"), Set("Note", "b"))},
			{"a name that only folds to a known one", Set("i\u017fs", "https://attacker.example")},
		}),
		rule(kind{prudent: true}, "prudence: roles decide what a person may do, so they are a name, a list of a few names, or the token is refused", []attack{
			{"roles is one empty string", Set("roles", "")},
			{"roles is a number", Set("roles", 1)},
			{"roles has a number", Set("roles", []any{"Admin", 1})},
			{"roles has an empty name", Set("roles", []string{""})},
			{"roles is an object", Set("roles", map[string]bool{"Admin": true})},
			{"roles has a null", Set("roles", []any{"Admin", nil})},
			{"roles are too many", Set("roles", make([]string, 300))},
		}),
		rule(kind{prudent: true}, "OpenID Connect Core 1.0, section 5.1, and prudence: a known claim has its own type", []attack{
			{"sid is a number", Set("sid", 1)},
			{"login_hint is a list", Set("login_hint", []string{"x"})},
		}),
	)
}
