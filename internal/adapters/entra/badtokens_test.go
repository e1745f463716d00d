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
		{"no ID token at all", func(d *fakeidp.TokenDraft) { d.OmitIDToken = true }},
		{"an ID token that is no string", func(d *fakeidp.TokenDraft) {
			d.OmitIDToken = true
			d.Response["id_token"] = map[string]any{"sub": "x"}
		}},
		{"empty", raw(func(string) string { return "" })},
		{"two segments", raw(func(s string) string { return s[:strings.LastIndex(s, ".")] })},
		{"four segments", raw(func(s string) string { return s + ".AAAA" })},
		{"five segments, as if encrypted", raw(func(s string) string { return s + ".AAAA.AAAA" })},
		{"no signature", raw(func(s string) string { return s[:strings.LastIndex(s, ".")+1] })},
		{"JSON serialization", raw(func(s string) string {
			p := strings.Split(s, ".")
			return `{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`
		})},
		{"padding", raw(func(s string) string { return s + "==" })},
		{"a line break inside", raw(func(s string) string { return s[:20] + "\n" + s[20:] })},
		{"a blank at the end", raw(func(s string) string { return s + " " })},
		{"the other base64 alphabet", raw(func(s string) string { return s[:len(s)-4] + "+/+/" })},
		{"too large", set("padding", strings.Repeat("x", 70<<10))},
		{"claims exchanged after signing", raw(func(s string) string {
			p := strings.Split(s, ".")
			return p[0] + "." + p[0] + "." + p[2]
		})},
		{"claims are an array", func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(`[]`) }},
		{"claims are null", func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(`null`) }},
		{"claims are cut off", func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(`{"iss":"x"`) }},
		{"something after the claims", func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(mustJSON(d.Claims) + `{}`) }},
		{"claims are not UTF-8", withMembers("\"note\":\"\xff\"")},
		{"claims nested too deeply", withRaw("note", strings.Repeat("[", 40)+strings.Repeat("]", 40))},
	}
}

func badHeaders() []badToken {
	return []badToken{
		{"alg none", sign(fakeidp.SignNone)},
		{"alg none with a signature", setHeader("alg", "none")},
		{"alg None in odd letter case", all(sign(fakeidp.SignNone), setHeader("alg", "nOnE"))},
		{"alg HS256 keyed with the public key", sign(fakeidp.SignHS256Public)},
		{"alg HS256 keyed with the client secret", sign(fakeidp.SignHS256Secret)},
		{"alg that the metadata do not offer", sign(fakeidp.SignPS256)},
		{"alg of another key type", setHeader("alg", "ES256")},
		{"alg is empty", setHeader("alg", "")},
		{"alg is a number", setHeader("alg", 256)},
		{"alg stands twice", func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`{"alg":"RS256","alg":"RS256","typ":"JWT"}`) }},
		{"an unknown critical header", all(setHeader("crit", []string{"x"}), setHeader("x", 1))},
		{"an empty list of critical headers", setHeader("crit", []string{})},
		{"kid is a number", setHeader("kid", 7)},
		{"kid is unknown", setHeader("kid", "nobody-knows-this-key")},
		{"kid is very long", setHeader("kid", strings.Repeat("k", 4096))},
		{"an access token's type", setHeader("typ", "at+jwt")},
		{"a logout token's type", setHeader("typ", "logout+jwt")},
		{"typ is a number", setHeader("typ", 1)},
		{"the header is an array", func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`["RS256"]`) }},
		{"the header is no JSON", func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`RS256`) }},
		{"signed by a stranger under a known kid", sign(fakeidp.SignForeign)},
		{"signed by a stranger who brings a jwk", all(sign(fakeidp.SignForeign), setHeader("jwk", map[string]string{"kty": "RSA", "n": "AQAB", "e": "AQAB"}))},
		{"signed by a stranger who names a jku", all(sign(fakeidp.SignForeign), setHeader("jku", "https://attacker.example/keys"))},
		{"signed by a key that was never published", sign(fakeidp.SignUnknownKey)},
		{"one bit of the signature is turned", sign(fakeidp.SignBroken)},
		{"signed by another tenant's key", sign(fakeidp.SignTenantKey)},
	}
}

func badBindings() []badToken {
	other := fakeidp.FabrikamTenantID
	return []badToken{
		{"iss is missing", drop("iss")},
		{"iss is empty", set("iss", "")},
		{"iss is a number", set("iss", 1)},
		{"iss is somebody else", set("iss", "https://login.microsoftonline.com/"+fakeidp.ContosoTenantID+"/v2.0")},
		{"iss has a slash more", func(d *fakeidp.TokenDraft) { d.Claims["iss"] = d.Claims["iss"].(string) + "/" }},
		{"iss in other letter case", func(d *fakeidp.TokenDraft) { d.Claims["iss"] = strings.ToUpper(d.Claims["iss"].(string)) }},
		{"iss is the version 1 issuer", set("iss", "https://sts.windows.net/"+fakeidp.ContosoTenantID+"/")},
		{"iss is the template itself", func(d *fakeidp.TokenDraft) {
			d.Claims["iss"] = strings.Replace(d.Claims["iss"].(string), fakeidp.ContosoTenantID, "{tenantid}", 1)
		}},
		{"iss is another tenant's", func(d *fakeidp.TokenDraft) {
			d.Claims["iss"] = strings.Replace(d.Claims["iss"].(string), fakeidp.ContosoTenantID, other, 1)
		}},
		{"tid is missing", drop("tid")},
		{"tid is no GUID", set("tid", "contoso.example")},
		{"tid is a number", set("tid", 7)},
		{"tid is another tenant's", set("tid", other)},
		{"tid in other letter case", func(d *fakeidp.TokenDraft) { d.Claims["tid"] = strings.ToUpper(d.Claims["tid"].(string)) }},
		{"ver is 1.0", set("ver", "1.0")},
		{"ver is missing", drop("ver")},
		{"ver is a number", set("ver", 2.0)},
		{"oid is no GUID", set("oid", "adele")},
		{"oid is empty", set("oid", "")},
		{"oid is null", set("oid", nil)},
		{"aud is missing", drop("aud")},
		{"aud is another client", set("aud", "11111111-2222-3333-4444-555555555555")},
		{"aud is an empty list", set("aud", []string{})},
		{"aud has one more", set("aud", []string{fakeidp.DefaultClientID, "another"})},
		{"aud has this client twice", set("aud", []string{fakeidp.DefaultClientID, fakeidp.DefaultClientID})},
		{"aud is an object", set("aud", map[string]string{"client": fakeidp.DefaultClientID})},
		{"aud in other letter case", set("aud", strings.ToUpper(fakeidp.DefaultClientID))},
		{"azp is another client", set("azp", "another")},
		{"azp is empty", set("azp", "")},
		{"azp is a list", set("azp", []string{fakeidp.DefaultClientID})},
		{"nonce is missing", drop("nonce")},
		{"nonce is empty", set("nonce", "")},
		{"nonce is another sign-in's", set("nonce", strings.Repeat("A", 43))},
		{"nonce is a list", func(d *fakeidp.TokenDraft) { d.Claims["nonce"] = []any{d.Claims["nonce"]} }},
		{"at_hash is of another token", set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
		{"at_hash is empty", set("at_hash", "")},
		{"at_hash is a number", set("at_hash", 1)},
		{"at_hash without an access token", func(d *fakeidp.TokenDraft) {
			d.Claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA"
			delete(d.Response, "access_token")
		}},
	}
}

func badTimesAndNames() []badToken {
	return []badToken{
		{"exp is missing", drop("exp")},
		{"exp has passed", all(shift("exp", -5*time.Minute))},
		{"exp is null", set("exp", nil)},
		{"exp is a string", set("exp", "4102444800")},
		{"exp is a list", set("exp", []int{1})},
		{"exp is negative", set("exp", -1)},
		{"exp is zero", set("exp", 0)},
		{"exp overflows", set("exp", uint64(math.MaxUint64))},
		{"exp is beyond every date", withRaw("exp", "1e300")},
		{"exp is too large for a number", withRaw("exp", "1e999")},
		{"iat is missing", drop("iat")},
		{"iat is in the future", func(d *fakeidp.TokenDraft) { d.Claims["iat"] = d.Claims["iat"].(int64) + 301 }},
		{"iat is a string", set("iat", "1")},
		{"iat is negative", set("iat", -5)},
		{"nbf is in the future", shift("nbf", 5*time.Minute+time.Second)},
		{"nbf is a string", set("nbf", "1")},
		{"nbf is null", set("nbf", nil)},
		{"sub is missing", drop("sub")},
		{"sub is empty", set("sub", "")},
		{"sub is a number", set("sub", 12345)},
		{"sub is null", set("sub", nil)},
		{"sub is too long", set("sub", strings.Repeat("s", 256))},
		{"sub stands twice", withMembers(`"sub":"somebody-else"`)},
		{"aud stands twice, once escaped", withMembers(`"\u0061ud":"x"`)},
		{"a nested member stands twice", withMembers(`"note":{"a":{"b":1,"b":2}}`)},
		{"a member in a list stands twice", withMembers(`"note":[{"b":1,"b":2}]`)},
		{"SUB beside sub", set("SUB", "somebody-else")},
		{"Sub in place of sub", rename("sub", "Sub")},
		{"Tid beside tid", set("Tid", fakeidp.FabrikamTenantID)},
		{"Nonce in place of nonce", rename("nonce", "Nonce")},
		{"OID beside oid", set("OID", "00000000-0000-0000-0000-000000000001")},
		{"Roles beside roles", set("Roles", []string{"Admin"})},
		{"a name that only folds to a known one", set("i\u017fs", "https://attacker.example")},
		{"roles is a string", set("roles", "Admin")},
		{"roles has a number", set("roles", []any{"Admin", 1})},
		{"roles has an empty name", set("roles", []string{""})},
		{"roles is an object", set("roles", map[string]bool{"Admin": true})},
		{"roles is null", set("roles", nil)},
		{"roles are too many", set("roles", make([]string, 300))},
		{"sid is a number", set("sid", 1)},
		{"login_hint is a list", set("login_hint", []string{"x"})},
		{"name is an object", set("name", map[string]string{"given": "Adele"})},
		{"preferred_username is null", set("preferred_username", nil)},
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
	for _, good := range []badToken{
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
		{"a jwk that is ignored", setHeader("x5t", "abc")},
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
