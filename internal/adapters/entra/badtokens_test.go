package entra_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

// badToken makes one ID token that has to be refused.
type badToken struct {
	name   string
	reason string // what the error says, so that each check has tokens of its own
	change func(d *fakeidp.TokenDraft)
}

func set(claim string, value any) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) { d.Claims[claim] = value }
}

func drop(claim string) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) { delete(d.Claims, claim) }
}

func setHeader(name string, value any) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) { d.Header[name] = value }
}

func sign(how fakeidp.Signing) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) { d.Signing = how }
}

func raw(change func(string) string) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) { d.Raw = change }
}

// withMembers signs the claims with more members written in front of them, so
// that a name can stand twice.
func withMembers(members string) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) {
		d.ClaimsJSON = []byte(`{` + members + `,` + strings.TrimPrefix(mustJSON(d.Claims), `{`))
	}
}

// withRaw signs the claims with one value written as it stands.
func withRaw(claim, value string) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) {
		delete(d.Claims, claim)
		withMembers(`"` + claim + `":` + value)(d)
	}
}

func all(changes ...func(*fakeidp.TokenDraft)) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) {
		for _, change := range changes {
			change(d)
		}
	}
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a mistake in the table
	}
	return string(b)
}

// shift moves a time claim.
func shift(claim string, by time.Duration) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) { d.Claims[claim] = d.Claims["iat"].(int64) + int64(by/time.Second) }
}

func rename(from, to string) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) {
		d.Claims[to] = d.Claims[from]
		delete(d.Claims, from)
	}
}

func malformedTokens() []badToken {
	return []badToken{
		{"no ID token at all", "the token endpoint's answer has no ID token",
			func(d *fakeidp.TokenDraft) { d.OmitIDToken = true }},
		{"an ID token that is no string", "the token endpoint's id_token is not a string",
			func(d *fakeidp.TokenDraft) {
				d.OmitIDToken = true
				d.Response["id_token"] = map[string]any{"sub": "x"}
			}},
		{"empty", "the token endpoint's answer has no ID token",
			raw(func(string) string { return "" })},
		{"two segments", "the ID token has not three segments",
			raw(func(s string) string { return s[:strings.LastIndex(s, ".")] })},
		{"four segments", "the ID token has not three segments",
			raw(func(s string) string { return s + ".AAAA" })},
		{"five segments, as if encrypted", "the ID token has not three segments",
			raw(func(s string) string { return s + ".AAAA.AAAA" })},
		{"no signature", "the ID token is not base64url",
			raw(func(s string) string { return s[:strings.LastIndex(s, ".")+1] })},
		{"JSON serialization", "the ID token has not three segments",
			raw(func(s string) string {
				p := strings.Split(s, ".")
				return `{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`
			})},
		{"padding", "the ID token is not base64url",
			raw(func(s string) string { return s + "==" })},
		{"a line break inside", "the ID token is not base64url",
			raw(func(s string) string { return s[:20] + "\n" + s[20:] })},
		{"a blank at the end", "the ID token is not base64url",
			raw(func(s string) string { return s + " " })},
		{"the other base64 alphabet", "the ID token is not base64url",
			raw(func(s string) string { return s[:len(s)-4] + "+/+/" })},
		{"too large", "the ID token is too large",
			set("padding", strings.Repeat("x", 70<<10))},
		{"claims exchanged after signing", "the ID token's signature is wrong",
			raw(func(s string) string {
				p := strings.Split(s, ".")
				return p[0] + "." + p[0] + "." + p[2]
			})},
		{"claims are an array", "the ID token's claims are not a JSON object without duplicates",
			func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(`[]`) }},
		{"claims are null", "the ID token's claims are not a JSON object without duplicates",
			func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(`null`) }},
		{"claims are cut off", "the ID token's claims are not a JSON object without duplicates",
			func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(`{"iss":"x"`) }},
		{"something after the claims", "the ID token's claims are not a JSON object without duplicates",
			func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(mustJSON(d.Claims) + `{}`) }},
		{"claims are not UTF-8", "the ID token's claims are not a JSON object without duplicates",
			withMembers("\"note\":\"\xff\"")},
		{"claims nested too deeply", "the ID token's claims are not a JSON object without duplicates",
			withRaw("note", strings.Repeat("[", 40)+strings.Repeat("]", 40))},
	}
}

func badHeaders() []badToken {
	return []badToken{
		{"alg none", "the ID token is not base64url",
			sign(fakeidp.SignNone)},
		{"alg none with a signature", "the ID token's algorithm is not allowed",
			setHeader("alg", "none")},
		{"alg None in odd letter case", "the ID token is not base64url",
			all(sign(fakeidp.SignNone), setHeader("alg", "nOnE"))},
		{"alg HS256 keyed with the public key", "the ID token's algorithm is not allowed",
			sign(fakeidp.SignHS256Public)},
		{"alg HS256 keyed with the client secret", "the ID token's algorithm is not allowed",
			sign(fakeidp.SignHS256Secret)},
		{"alg that the metadata do not offer", "the ID token's algorithm is not allowed",
			sign(fakeidp.SignPS256)},
		{"alg of another key type", "the ID token's algorithm is not allowed",
			setHeader("alg", "ES256")},
		{"alg is empty", "the ID token's algorithm is not allowed",
			setHeader("alg", "")},
		{"alg is a number", "the ID token's algorithm is not allowed",
			setHeader("alg", 256)},
		{"alg stands twice", "the ID token's header is not a JSON object without duplicates",
			func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`{"alg":"RS256","alg":"RS256","typ":"JWT"}`) }},
		{"an unknown critical header", "the ID token's header names a critical extension",
			all(setHeader("crit", []string{"x"}), setHeader("x", 1))},
		{"an empty list of critical headers", "the ID token's header names a critical extension",
			setHeader("crit", []string{})},
		{"kid is a number", "the ID token's key ID is not a short string",
			setHeader("kid", 7)},
		{"kid is unknown", "no key of the provider fits its signature",
			setHeader("kid", "nobody-knows-this-key")},
		{"kid is very long", "the ID token's key ID is not a short string",
			setHeader("kid", strings.Repeat("k", 4096))},
		{"an access token's type", "the ID token is of another type",
			setHeader("typ", "at+jwt")},
		{"a logout token's type", "the ID token is of another type",
			setHeader("typ", "logout+jwt")},
		{"typ is a number", "the ID token is of another type",
			setHeader("typ", 1)},
		{"the header is an array", "the ID token's header is not a JSON object without duplicates",
			func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`["RS256"]`) }},
		{"the header is no JSON", "the ID token's header is not a JSON object without duplicates",
			func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`RS256`) }},
		{"signed by a stranger under a known kid", "the ID token's signature is wrong",
			sign(fakeidp.SignForeign)},
		{"signed by a stranger who brings a jwk", "the ID token's signature is wrong",
			all(sign(fakeidp.SignForeign), setHeader("jwk", map[string]string{"kty": "RSA", "n": "AQAB", "e": "AQAB"}))},
		{"signed by a stranger who names a jku", "the ID token's signature is wrong",
			all(sign(fakeidp.SignForeign), setHeader("jku", "https://attacker.example/keys"))},
		{"signed by a key that was never published", "no key of the provider fits its signature",
			sign(fakeidp.SignUnknownKey)},
		{"one bit of the signature is turned", "the ID token's signature is wrong",
			sign(fakeidp.SignBroken)},
		{"signed by another tenant's key", "no key of the provider fits its signature",
			sign(fakeidp.SignTenantKey)},
	}
}

func badBindings() []badToken {
	other := fakeidp.FabrikamTenantID
	return []badToken{
		{"iss is missing", "it comes from another issuer",
			drop("iss")},
		{"iss is empty", "it comes from another issuer",
			set("iss", "")},
		{"iss is a number", "it comes from another issuer",
			set("iss", 1)},
		{"iss is somebody else", "it comes from another issuer",
			set("iss", "https://login.microsoftonline.com/"+fakeidp.ContosoTenantID+"/v2.0")},
		{"iss has a slash more", "it comes from another issuer",
			func(d *fakeidp.TokenDraft) { d.Claims["iss"] = d.Claims["iss"].(string) + "/" }},
		{"iss in other letter case", "it comes from another issuer",
			func(d *fakeidp.TokenDraft) { d.Claims["iss"] = strings.ToUpper(d.Claims["iss"].(string)) }},
		{"iss is the version 1 issuer", "it comes from another issuer",
			set("iss", "https://sts.windows.net/"+fakeidp.ContosoTenantID+"/")},
		{"iss is the template itself", "it comes from another issuer",
			func(d *fakeidp.TokenDraft) {
				d.Claims["iss"] = strings.Replace(d.Claims["iss"].(string), fakeidp.ContosoTenantID, "{tenantid}", 1)
			}},
		{"iss is another tenant's", "it comes from another issuer",
			func(d *fakeidp.TokenDraft) {
				d.Claims["iss"] = strings.Replace(d.Claims["iss"].(string), fakeidp.ContosoTenantID, other, 1)
			}},
		{"tid is missing", "its tenant is missing or not a tenant ID",
			drop("tid")},
		{"tid is no GUID", "its tenant is missing or not a tenant ID",
			set("tid", "contoso.example")},
		{"tid is a number", "its tenant is missing or not a tenant ID",
			set("tid", 7)},
		{"tid is another tenant's", "its tenant is not its issuer's",
			set("tid", other)},
		{"tid in other letter case", "its tenant is missing or not a tenant ID",
			func(d *fakeidp.TokenDraft) { d.Claims["tid"] = strings.ToUpper(d.Claims["tid"].(string)) }},
		{"ver is 1.0", "it is not a version 2.0 token",
			set("ver", "1.0")},
		{"ver is missing", "it is not a version 2.0 token",
			drop("ver")},
		{"ver is a number", "it is not a version 2.0 token",
			set("ver", 2.0)},
		{"oid is no GUID", "its object ID is not a GUID",
			set("oid", "adele")},
		{"oid is empty", "its object ID is not a GUID",
			set("oid", "")},
		{"oid is null", "its object ID is not a GUID",
			set("oid", nil)},
		{"aud is missing", "its audience is not this application alone",
			drop("aud")},
		{"aud is another client", "its audience is not this application alone",
			set("aud", "11111111-2222-3333-4444-555555555555")},
		{"aud is an empty list", "its audience is not this application alone",
			set("aud", []string{})},
		{"aud has one more", "its audience is not this application alone",
			set("aud", []string{fakeidp.DefaultClientID, "another"})},
		{"aud has this client twice", "its audience is not this application alone",
			set("aud", []string{fakeidp.DefaultClientID, fakeidp.DefaultClientID})},
		{"aud is an object", "its audience is not this application alone",
			set("aud", map[string]string{"client": fakeidp.DefaultClientID})},
		{"aud in other letter case", "its audience is not this application alone",
			set("aud", strings.ToUpper(fakeidp.DefaultClientID))},
		{"azp is another client", "it was issued to another application",
			set("azp", "another")},
		{"azp is empty", "it was issued to another application",
			set("azp", "")},
		{"azp is a list", "it was issued to another application",
			set("azp", []string{fakeidp.DefaultClientID})},
		{"nonce is missing", "its nonce is not that of this sign-in",
			drop("nonce")},
		{"nonce is empty", "its nonce is not that of this sign-in",
			set("nonce", "")},
		{"nonce is another sign-in's", "its nonce is not that of this sign-in",
			set("nonce", strings.Repeat("A", 43))},
		{"nonce is a list", "its nonce is not that of this sign-in",
			func(d *fakeidp.TokenDraft) { d.Claims["nonce"] = []any{d.Claims["nonce"]} }},
		{"at_hash is of another token", "its access token hash does not match the access token",
			set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
		{"at_hash is empty", "its access token hash does not match the access token",
			set("at_hash", "")},
		{"at_hash is a number", "its access token hash does not match the access token",
			set("at_hash", 1)},
		{"at_hash without an access token", "its access token hash does not match the access token",
			func(d *fakeidp.TokenDraft) {
				d.Claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA"
				delete(d.Response, "access_token")
			}},
	}
}

func badTimesAndNames() []badToken {
	return []badToken{
		{"exp is missing", "its expiry is missing or not a time",
			drop("exp")},
		{"exp has passed", "it has expired",
			all(shift("exp", -5*time.Minute))},
		{"exp is null", "its expiry is missing or not a time",
			set("exp", nil)},
		{"exp is a string", "its expiry is missing or not a time",
			set("exp", "4102444800")},
		{"exp is a list", "its expiry is missing or not a time",
			set("exp", []int{1})},
		{"exp is negative", "its expiry is missing or not a time",
			set("exp", -1)},
		{"exp is zero", "its expiry is missing or not a time",
			set("exp", 0)},
		{"exp overflows", "its expiry is missing or not a time",
			set("exp", uint64(math.MaxUint64))},
		{"exp is beyond every date", "its expiry is missing or not a time",
			withRaw("exp", "1e300")},
		{"exp is too large for a number", "its expiry is missing or not a time",
			withRaw("exp", "1e999")},
		{"iat is missing", "its time of issue is missing or not a time",
			drop("iat")},
		{"iat is in the future", "it was issued in the future",
			func(d *fakeidp.TokenDraft) { d.Claims["iat"] = d.Claims["iat"].(int64) + 301 }},
		{"iat is a string", "its time of issue is missing or not a time",
			set("iat", "1")},
		{"iat is negative", "its time of issue is missing or not a time",
			set("iat", -5)},
		{"nbf is in the future", "it is not valid yet",
			shift("nbf", 5*time.Minute+time.Second)},
		{"nbf is a string", "its start of validity is not a time",
			set("nbf", "1")},
		{"nbf is null", "its start of validity is not a time",
			set("nbf", nil)},
		{"sub is missing", "its subject is missing or not a short string",
			drop("sub")},
		{"sub is empty", "its subject is missing or not a short string",
			set("sub", "")},
		{"sub is a number", "its subject is missing or not a short string",
			set("sub", 12345)},
		{"sub is null", "its subject is missing or not a short string",
			set("sub", nil)},
		{"sub is too long", "its subject is missing or not a short string",
			set("sub", strings.Repeat("s", 256))},
		{"sub stands twice", "the ID token's claims are not a JSON object without duplicates",
			withMembers(`"sub":"somebody-else"`)},
		{"aud stands twice, once escaped", "the ID token's claims are not a JSON object without duplicates",
			withMembers(`"\u0061ud":"x"`)},
		{"a nested member stands twice", "the ID token's claims are not a JSON object without duplicates",
			withMembers(`"note":{"a":{"b":1,"b":2}}`)},
		{"a member in a list stands twice", "the ID token's claims are not a JSON object without duplicates",
			withMembers(`"note":[{"b":1,"b":2}]`)},
		{"SUB beside sub", "a claim's name is that of a known one in other letter case",
			set("SUB", "somebody-else")},
		{"Sub in place of sub", "a claim's name is that of a known one in other letter case",
			rename("sub", "Sub")},
		{"Tid beside tid", "a claim's name is that of a known one in other letter case",
			set("Tid", fakeidp.FabrikamTenantID)},
		{"Nonce in place of nonce", "a claim's name is that of a known one in other letter case",
			rename("nonce", "Nonce")},
		{"OID beside oid", "a claim's name is that of a known one in other letter case",
			set("OID", "00000000-0000-0000-0000-000000000001")},
		{"Roles beside roles", "a claim's name is that of a known one in other letter case",
			set("Roles", []string{"Admin"})},
		{"a name that only folds to a known one", "a claim's name is that of a known one in other letter case",
			set("i\u017fs", "https://attacker.example")},
		{"roles is a string", "its roles are not a list of role names",
			set("roles", "Admin")},
		{"roles has a number", "its roles are not a list of role names",
			set("roles", []any{"Admin", 1})},
		{"roles has an empty name", "its roles are not a list of role names",
			set("roles", []string{""})},
		{"roles is an object", "its roles are not a list of role names",
			set("roles", map[string]bool{"Admin": true})},
		{"roles is null", "its roles are not a list of role names",
			set("roles", nil)},
		{"roles are too many", "its roles are not a list of role names",
			set("roles", make([]string, 300))},
		{"sid is a number", "its sid is not a string of sensible length",
			set("sid", 1)},
		{"login_hint is a list", "its login_hint is not a string of sensible length",
			set("login_hint", []string{"x"})},
		{"name is an object", "its name is not a string of sensible length",
			set("name", map[string]string{"given": "Adele"})},
		{"preferred_username is null", "its preferred_username is not a string of sensible length",
			set("preferred_username", nil)},
	}
}

func badTokens() []badToken {
	var list []badToken
	for _, part := range [][]badToken{malformedTokens(), badHeaders(), badBindings(), badTimesAndNames()} {
		list = append(list, part...)
	}
	return list
}

// TestBadTokensAreRefused runs every bad token against one provider value per
// authority, each followed by a good sign-in with the same value: a refusal
// must leave nothing behind.
func TestBadTokensAreRefused(t *testing.T) {
	for _, tenant := range []string{fakeidp.ContosoTenantID, "common"} {
		t.Run(tenant, func(t *testing.T) {
			w := newWorld(t, tenant, nil)
			w.mustSignIn(t, fakeidp.UserMember)
			for _, bad := range badTokens() {
				t.Run(bad.name, func(t *testing.T) {
					w.idp.Mutate(bad.change)
					in, err := w.signIn(t, fakeidp.UserMember, apiScope)
					require.ErrorIs(t, err, ports.ErrTokenRefused)
					assert.ErrorContains(t, err, reasonAt(tenant, bad))
					assert.Zero(t, in)
					assertNothingSecret(t, err)
					w.idp.Mutate(nil)
					w.mustSignIn(t, fakeidp.UserMember)
				})
			}
		})
	}
	assert.GreaterOrEqual(t, len(badTokens()), 100)
}

// reasonAt is the reason at one authority: where the issuer is a template
// another check finds what is wrong.
func reasonAt(tenant string, bad badToken) string {
	if tenant == "common" && bad.name == "iss is another tenant's" {
		return "its tenant is not its issuer's"
	}
	return bad.reason
}

// entraOnly are the bad tokens that only an Entra authority can tell: claims
// of these names mean nothing at other providers.
func entraOnly(name string) bool {
	for _, claim := range []string{"tid ", "ver ", "oid ", "signed by another tenant"} {
		if strings.HasPrefix(name, claim) {
			return true
		}
	}
	return false
}

func TestBadTokensAreRefusedFromAnyOpenIDProvider(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
	for _, bad := range badTokens() {
		if entraOnly(bad.name) {
			continue
		}
		t.Run(bad.name, func(t *testing.T) {
			w.idp.Mutate(bad.change)
			_, err := w.signIn(t, fakeidp.UserMember)
			require.ErrorIs(t, err, ports.ErrTokenRefused)
			w.idp.Mutate(nil)
			w.mustSignIn(t, fakeidp.UserMember)
		})
	}
}

// TestOddButGoodTokensAreAccepted keeps the checks from refusing what they
// should not.
func TestOddButGoodTokensAreAccepted(t *testing.T) {
	w := contoso(t)
	for _, good := range []struct {
		name   string
		change func(*fakeidp.TokenDraft)
	}{
		{"aud is a list of this client", set("aud", []string{fakeidp.DefaultClientID})},
		{"azp is this client", set("azp", fakeidp.DefaultClientID)},
		{"exp within the skew", shift("exp", -5*time.Minute+time.Second)},
		{"iat within the skew", func(d *fakeidp.TokenDraft) { d.Claims["iat"] = d.Claims["iat"].(int64) + 299 }},
		{"nbf within the skew", shift("nbf", 4*time.Minute)},
		{"no nbf", drop("nbf")},
		{"times with a fraction", withRaw("exp", "4102444800.5")},
		{"no oid", drop("oid")},
		{"no typ", func(d *fakeidp.TokenDraft) { delete(d.Header, "typ") }},
		{"typ in lower case", setHeader("typ", "jwt")},
		{"a header member nobody knows", setHeader("extra", "abc")},
		{"a kid-less token and one key", func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`{"alg":"RS256","typ":"JWT"}`) }},
		{"claims nobody knows", set("Extension_Department", map[string]any{"A": 1, "a": 2})},
		{"groups elsewhere, without a source", set("_claim_names", map[string]string{"groups": "src1"})},
		{"groups elsewhere", all(set("_claim_names", map[string]string{"groups": "src1"}),
			set("_claim_sources", map[string]any{"src1": map[string]string{"endpoint": "https://graph.windows.net/x"}}))},
		{"empty roles", set("roles", []string{})},
	} {
		t.Run(good.name, func(t *testing.T) {
			w.idp.Mutate(good.change)
			w.mustSignIn(t, fakeidp.UserMember)
		})
	}
}

// TestTenants checks who may come through an authority for many tenants.
func TestTenants(t *testing.T) {
	only := func(tenants ...string) func(*fakeidp.Config, *entra.Config) {
		return func(_ *fakeidp.Config, c *entra.Config) { c.AllowedTenants = tenants }
	}
	w := newWorld(t, "common", only(strings.ToUpper(fakeidp.ContosoTenantID)))
	in := w.mustSignIn(t, fakeidp.UserMember)
	assert.Equal(t, fakeidp.ContosoTenantID, in.Identity.TenantID)
	for _, stranger := range []string{fakeidp.UserGuest, fakeidp.UserPersonal} {
		_, err := w.signIn(t, stranger)
		require.ErrorIs(t, err, ports.ErrTenantNotAllowed)
		require.ErrorIs(t, err, ports.ErrTokenRefused)
	}
	w = newWorld(t, "common", nil)
	for _, anybody := range []string{fakeidp.UserMember, fakeidp.UserGuest, fakeidp.UserPersonal} {
		w.mustSignIn(t, anybody)
	}
}

// TestKeyIssuers checks that a key signs for its own issuer alone.
func TestKeyIssuers(t *testing.T) {
	keyIssuer := func(issuer func(old string) any) func(string, map[string]any) {
		return func(_ string, document map[string]any) {
			for _, key := range document["keys"].([]any) {
				jwk := key.(map[string]any)
				if value := issuer(jwk["issuer"].(string)); value != nil {
					jwk["issuer"] = value
				} else {
					delete(jwk, "issuer")
				}
			}
		}
	}
	concrete := func(tenant string) func(string) any {
		return func(old string) any { return strings.Replace(old, "{tenantid}", tenant, 1) }
	}
	none := func(string) any { return nil }
	for name, c := range map[string]struct {
		tenant string
		issuer func(string) any
		good   bool
	}{
		"common, key of this tenant":      {"common", concrete(fakeidp.ContosoTenantID), true},
		"common, key of another tenant":   {"common", concrete(fakeidp.FabrikamTenantID), false},
		"common, key of nobody":           {"common", none, false},
		"one tenant, key of this tenant":  {fakeidp.ContosoTenantID, concrete(fakeidp.ContosoTenantID), true},
		"one tenant, key of another":      {fakeidp.ContosoTenantID, concrete(fakeidp.FabrikamTenantID), false},
		"one tenant, key without issuer":  {fakeidp.ContosoTenantID, none, true},
		"one tenant, key of another host": {fakeidp.ContosoTenantID, func(string) any { return "https://attacker.example/{tenantid}/v2.0" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.tenant, nil)
			w.idp.MutateKeys(keyIssuer(c.issuer))
			_, err := w.signIn(t, fakeidp.UserMember)
			if c.good {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, ports.ErrTokenRefused)
			}
		})
	}
}

// TestAccessTokenHash checks at_hash where the provider does send it.
func TestAccessTokenHash(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(c *fakeidp.Config, _ *entra.Config) { c.AtHash = true })
	w.mustSignIn(t, fakeidp.UserMember, apiScope)
	w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Response["access_token"] = "another-token" })
	_, err := w.signIn(t, fakeidp.UserMember, apiScope)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
}

// TestPublishedKeyOfAnotherTenant signs with a key that is in the very same
// key set, and is there for another tenant.
func TestPublishedKeyOfAnotherTenant(t *testing.T) {
	w := newWorld(t, "common", nil)
	w.mustSignIn(t, fakeidp.UserMember)
	w.idp.Mutate(sign(fakeidp.SignTenantKey))
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	assert.ErrorContains(t, err, "the key that signed it is another issuer's")
}
