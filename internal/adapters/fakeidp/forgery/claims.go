package forgery

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"webapp/internal/adapters/fakeidp"
)

// issuers returns tokens of another issuer, tenant or version.
func issuers() []Forgery {
	return slices.Concat(
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 2: iss is the provider's issuer, exactly", []attack{
			{"iss is missing", Drop("iss")},
			{"iss is empty", Set("iss", "")},
			{"iss is a number", Set("iss", 1)},
			{"iss is somebody else", Set("iss", "https://login.microsoftonline.com/"+fakeidp.ContosoTenantID+"/v2.0")},
			{"iss has a slash more", Edit("iss", func(iss string) string { return iss + "/" })},
			{"iss in other letter case", Edit("iss", strings.ToUpper)},
			{"iss is the version 1 issuer", Set("iss", "https://sts.windows.net/"+fakeidp.ContosoTenantID+"/")},
			{"iss is the template itself", issuerOf(func(string) string { return "{tenantid}" })},
			{"iss is another tenant's", issuerOf(otherTenant)},
		}),
		rule(kind{entra: true}, "Microsoft's rule for many tenants: tid is a GUID and the tenant that iss names", []attack{
			{"tid is missing", Drop("tid")},
			{"tid is no GUID", Set("tid", "contoso.example")},
			{"tid is a number", Set("tid", 7)},
			{"tid is another tenant's", Edit("tid", otherTenant)},
			{"tid is null", Set("tid", nil)},
		}),
		rule(kind{entra: true}, "Microsoft's rule: a version 2.0 application takes version 2.0 tokens", []attack{
			{"ver is 1.0", Set("ver", "1.0")},
			{"ver is missing", Drop("ver")},
			{"ver is a number", Set("ver", 2.0)},
		}),
		rule(kind{prudent: true, entra: true}, "Microsoft's rule: oid, on which people are keyed, is a GUID", []attack{
			{"oid is no GUID", Set("oid", "adele")},
			{"oid is empty", Set("oid", "")},
		}),
	)
}

// issuerOf replaces the tenant in the issuer.
func issuerOf(tenant func(own string) string) Change {
	return SetFrom("iss", func(d *fakeidp.TokenDraft) any {
		own := text(d, "tid")
		return strings.Replace(text(d, "iss"), own, tenant(own), 1)
	})
}

// otherTenant returns another tenant of the default configuration.
func otherTenant(own string) string {
	if own == fakeidp.FabrikamTenantID {
		return fakeidp.ContosoTenantID
	}
	return fakeidp.FabrikamTenantID
}

// bindings returns tokens for another client, another sign-in or another access
// token.
func bindings() []Forgery {
	return slices.Concat(
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 3: aud is this client and no client that is not trusted", []attack{
			{"aud is missing", Drop("aud")},
			{"aud is another client", Set("aud", "11111111-2222-3333-4444-555555555555")},
			{"aud is an empty list", Set("aud", []string{})},
			{"aud has one more", SetFrom("aud", func(d *fakeidp.TokenDraft) any { return []string{d.ClientID, "another"} })},
			{"aud is an object", SetFrom("aud", func(d *fakeidp.TokenDraft) any { return map[string]string{"client": d.ClientID} })},
			{"aud is null", Set("aud", nil)},
		}),
		rule(kind{prudent: true}, "prudence: aud has no audience twice", []attack{
			{"aud has this client twice", SetFrom("aud", func(d *fakeidp.TokenDraft) any { return []string{d.ClientID, d.ClientID} })},
		}),
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 4 and 5: azp, where present, is this client", []attack{
			{"azp is another client", Set("azp", "another")},
			{"azp is empty", Set("azp", "")},
			{"azp is a list", SetFrom("azp", func(d *fakeidp.TokenDraft) any { return []string{d.ClientID} })},
		}),
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 11: nonce is the one of this sign-in", []attack{
			{"nonce is missing", Drop("nonce")},
			{"nonce is empty", Set("nonce", "")},
			{"nonce is another sign-in's", Set("nonce", strings.Repeat("A", 43))},
			{"nonce is null", Set("nonce", nil)},
			{"nonce is a list", func(d *fakeidp.TokenDraft) { d.Claims["nonce"] = []any{d.Claims["nonce"]} }},
		}),
		rule(kind{prudent: true}, "OpenID Connect Core 1.0, section 3.1.3.8: at_hash, where present, fits the access token", []attack{
			{"at_hash is of another token", Set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
			{"at_hash is empty", Set("at_hash", "")},
			{"at_hash is a number", Set("at_hash", 1)},
			{"at_hash without an access token", func(d *fakeidp.TokenDraft) {
				d.Claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA"
				delete(d.Response, "access_token")
			}},
		}),
	)
}

// times returns tokens with wrong times.
func times() []Forgery {
	return slices.Concat(
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 9: exp is present, a number, and in the future", []attack{
			{"exp is missing", Drop("exp")},
			{"exp has passed", Shift("exp", -5*time.Minute)},
			{"exp is null", Set("exp", nil)},
			{"exp is a string", Set("exp", "4102444800")},
			{"exp is a list", Set("exp", []int{1})},
			{"exp is negative", Set("exp", -1)},
			{"exp is zero", Set("exp", 0)},
		}),
		rule(kind{prudent: true}, "prudence: a time beyond every date is an attempt at an overflow", []attack{
			{"exp overflows", Set("exp", uint64(math.MaxUint64))},
			{"exp is beyond every date", WithRaw("exp", "1e300")},
			{"exp is too large for a number", WithRaw("exp", "1e999")},
		}),
		rule(kind{}, "OpenID Connect Core 1.0, section 2: iat is present and a number", []attack{
			{"iat is missing", Drop("iat")},
			{"iat is a string", Set("iat", "1")},
		}),
		rule(kind{prudent: true}, "OpenID Connect Core 1.0, section 3.1.3.7, 10: a token may be refused because of its iat", []attack{
			{"iat is in the future", Shift("iat", 5*time.Minute+time.Second)},
			{"iat is negative", Set("iat", -5)},
		}),
		rule(kind{}, "RFC 7519, section 4.1.5: nbf, where present, is a number and in the past", []attack{
			{"nbf is in the future", Shift("nbf", 5*time.Minute+time.Second)},
			{"nbf is a string", Set("nbf", "1")},
		}),
		rule(kind{prudent: true}, "OpenID Connect Core 1.0, section 2: auth_time, where present, is a number", []attack{
			{"auth_time is a string", SetFrom("auth_time", func(d *fakeidp.TokenDraft) any { return fmt.Sprint(d.Claims["iat"]) })},
			{"auth_time is a list", Set("auth_time", []int{1})},
			{"auth_time is a flag", Set("auth_time", true)},
			{"auth_time is negative", Set("auth_time", -1)},
		}),
		rule(kind{prudent: true}, "prudence: nobody authenticates in the future, and such a sign-in would stay recent", []attack{
			{"auth_time is in the future", SetFrom("auth_time", func(d *fakeidp.TokenDraft) any { return d.Claims["iat"].(int64) + 301 })},
			{"auth_time is beyond every date", WithRaw("auth_time", "1e300")},
		}),
	)
}

// names returns tokens with claims about the person that are invalid or ambiguous.
func names() []Forgery {
	return slices.Concat(
		rule(kind{}, "OpenID Connect Core 1.0, section 2: sub is present, a string of 1 to 255 characters", []attack{
			{"sub is missing", Drop("sub")},
			{"sub is empty", Set("sub", "")},
			{"sub is a number", Set("sub", 12345)},
			{"sub is null", Set("sub", nil)},
			{"sub is too long", Set("sub", strings.Repeat("s", 256))},
			{"Sub in place of sub", Rename("sub", "Sub")},
		}),
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 11: nonce, in lower case", []attack{
			{"Nonce in place of nonce", Rename("nonce", "Nonce")},
		}),
		rule(kind{prudent: true}, "RFC 7519, section 4: claim names are unique", []attack{
			{"sub stands twice", WithMembers(`"sub":"somebody-else"`)},
			{"aud stands twice, once escaped", WithMembers(`"\u0061ud":"x"`)},
			{"a nested member stands twice", WithMembers(`"note":{"a":{"b":1,"b":2}}`)},
			{"a member in a list stands twice", WithMembers(`"note":[{"b":1,"b":2}]`)},
		}),
		rule(kind{prudent: true}, "prudence: parsers disagree about two names that differ in letter case only", []attack{
			{"SUB beside sub", Set("SUB", "somebody-else")},
			{"Tid beside tid", Set("Tid", fakeidp.FabrikamTenantID)},
			{"OID beside oid", Set("OID", "00000000-0000-0000-0000-000000000001")},
			{"Roles beside roles", All(Set("roles", []string{}), Set("Roles", []string{"Admin"}))},
			{"Groups beside groups", All(Set("groups", []string{}), Set("Groups", []string{"Admin"}))},
			{"two names that nobody reads", All(Set("note", "a"), Set("Note", "b"))},
			{"a name that only folds to a known one", Set("i\u017fs", "https://attacker.example")},
		}),
		rule(kind{prudent: true}, "prudence: roles decide what a person may do, so they must be one name or a list of a few names", []attack{
			{"roles is one empty string", Set("roles", "")},
			{"roles is a number", Set("roles", 1)},
			{"roles has a number", Set("roles", []any{"Admin", 1})},
			{"roles has an empty name", Set("roles", []string{""})},
			{"roles is an object", Set("roles", map[string]bool{"Admin": true})},
			{"roles has a null", Set("roles", []any{"Admin", nil})},
			{"roles are too many", Set("roles", make([]string, 300))},
		}),
		rule(kind{prudent: true}, "prudence: acrs open pages, so they must be one name or a list of a few names", []attack{
			{"acrs is a number", Set("acrs", 1)},
			{"acrs is one empty string", Set("acrs", "")},
			{"acrs has a number", Set("acrs", []any{"c1", 1})},
			{"acrs is an object", Set("acrs", map[string]bool{"c1": true})},
			{"acrs has a long name", Set("acrs", []string{strings.Repeat("c", 65)})},
			{"acrs are too many", Set("acrs", slices.Repeat([]string{"c1"}, 101))},
		}),
		rule(kind{prudent: true}, "OpenID Connect Core 1.0, section 5.1, and prudence: a known claim has the specified type", []attack{
			{"sid is a number", Set("sid", 1)},
			{"login_hint is a list", Set("login_hint", []string{"x"})},
		}),
	)
}
