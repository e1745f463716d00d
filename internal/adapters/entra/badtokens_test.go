package entra_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/forgery"
	"webapp/internal/ports"
)

// badToken is an ID token that must be refused.
type badToken struct {
	name   string
	reason string // what the error says, so that each check has tokens of its own
	entra  bool   // only an Entra authority can tell
	change func(d *fakeidp.TokenDraft)
}

// badTokens returns the forged tokens with the expected error of each.
func badTokens() []badToken {
	said := map[string]string{}
	for reason, names := range reasons() {
		for _, name := range names {
			said[name] = reason
		}
	}
	var list []badToken
	for _, f := range forgery.IDTokens() {
		list = append(list, badToken{f.Name, said[f.Name], f.Entra, f.Forge})
	}
	return list
}

// Parts of forged tokens.
func set(claim string, value any) forgery.Change          { return forgery.Set(claim, value) }
func drop(claim string) forgery.Change                    { return forgery.Drop(claim) }
func setHeader(name string, value any) forgery.Change     { return forgery.SetHeader(name, value) }
func sign(how fakeidp.Signing) forgery.Change             { return forgery.SignWith(how) }
func withRaw(claim, value string) forgery.Change          { return forgery.WithRaw(claim, value) }
func shift(claim string, by time.Duration) forgery.Change { return forgery.Shift(claim, by) }
func all(changes ...forgery.Change) forgery.Change        { return forgery.All(changes...) }

// reasons are the expected errors. Each check has forged tokens of its own.
func reasons() map[string][]string {
	return map[string][]string{
		"the token endpoint's response has no ID token": {
			"no ID token at all", "empty",
		},
		"the token endpoint's id_token is not a string": {
			"an ID token that is no string",
		},
		"the ID token has not three segments": {
			"two segments", "four segments", "five segments, as if encrypted", "JSON serialization",
		},
		"the ID token is not base64url": {
			"no signature", "padding", "a line break inside", "a blank at the end", "the other base64 alphabet",
			"another spelling of the signature",
			"alg none", "alg None in odd letter case",
		},
		"the ID token is too large": {
			"too large",
		},
		"the ID token's signature is wrong": {
			"claims exchanged after signing", "signed by a stranger under a known kid",
			"signed by a stranger who brings a jwk", "signed by a stranger who names a jku",
			"one bit of the signature is turned",
		},
		"the ID token's claims are not a JSON object without duplicates": {
			"claims are an array", "claims are null", "claims are cut off", "something after the claims",
			"claims are not UTF-8", "claims nested too deeply", "sub stands twice", "aud stands twice, once escaped",
			"a nested member stands twice", "a member in a list stands twice",
		},
		"the ID token's algorithm is not allowed": {
			"alg none with a signature", "alg HS256 keyed with the public key",
			"alg HS256 keyed with the client secret", "alg that the metadata do not offer", "alg of another key type",
			"alg is empty", "alg is a number",
		},
		"the ID token's header is not a JSON object without duplicates": {
			"alg stands twice", "the header is an array", "the header is no JSON",
		},
		"the ID token's header names a critical extension": {
			"an unknown critical header", "an empty list of critical headers",
		},
		"the ID token's key ID is not a short string": {
			"kid is a number", "kid is very long",
		},
		"no key of the provider fits its signature": {
			"kid is unknown", "signed by a key that was never published", "signed by another tenant's key",
		},
		"the ID token is of another type": {
			"an access token's type", "a logout token's type", "typ is a number",
		},
		"it comes from another issuer": {
			"iss is missing", "iss is empty", "iss is a number", "iss is somebody else", "iss has a slash more",
			"iss in other letter case", "iss is the version 1 issuer", "iss is the template itself",
			"iss is another tenant's",
		},
		"its tenant is missing or not a tenant ID": {
			"tid is missing", "tid is no GUID", "tid is a number", "tid is null",
		},
		"its tenant is not its issuer's": {
			"tid is another tenant's",
		},
		"it is not a version 2.0 token": {
			"ver is 1.0", "ver is missing", "ver is a number",
		},
		"its object ID is not a GUID": {
			"oid is no GUID", "oid is empty",
		},
		"its audience is not this application alone": {
			"aud is missing", "aud is another client", "aud is an empty list", "aud has one more",
			"aud has this client twice", "aud is an object", "aud is null",
		},
		"it was issued to another application": {
			"azp is another client", "azp is empty", "azp is a list",
		},
		"its nonce is not that of this sign-in": {
			"nonce is missing", "nonce is null", "nonce is empty", "Nonce in place of nonce", "nonce is another sign-in's", "nonce is a list",
		},
		"its access token hash does not match the access token": {
			"at_hash is of another token", "at_hash is empty", "at_hash is a number", "at_hash without an access token",
		},
		"its expiry is missing or not a time": {
			"exp is missing", "exp is null", "exp is a string", "exp is a list", "exp is negative", "exp is zero",
			"exp overflows", "exp is beyond every date", "exp is too large for a number",
		},
		"it has expired": {
			"exp has passed",
		},
		"its time of issue is missing or not a time": {
			"iat is missing", "iat is a string", "iat is negative",
		},
		"it was issued in the future": {
			"iat is in the future",
		},
		"it is not valid yet": {
			"nbf is in the future",
		},
		"its start of validity is not a time": {
			"nbf is a string",
		},
		"its subject is missing or not a short string": {
			"sub is missing", "sub is empty", "sub is a number", "sub is null", "sub is too long", "Sub in place of sub",
		},
		"the ID token's claims have two names that differ in letter case only": {
			"SUB beside sub", "Tid beside tid", "OID beside oid", "Roles beside roles", "Groups beside groups",
			"two names that nobody reads", "a name that only folds to a known one",
		},
		"its roles are not a list of role names": {
			"roles is one empty string", "roles is a number", "roles has a number", "roles has a null", "roles has an empty name", "roles is an object",
			"roles are too many",
		},
		"its acrs are not a list of authentication contexts": {
			"acrs is a number", "acrs is one empty string", "acrs has a number", "acrs is an object", "acrs has a long name", "acrs are too many",
		},
		"its time of authentication is not a time": {
			"auth_time is a string", "auth_time is a list", "auth_time is a flag", "auth_time is negative", "auth_time is beyond every date",
		},
		"its time of authentication is in the future": {
			"auth_time is in the future",
		},
		"its sid is not a string of sensible length": {
			"sid is a number",
		},
		"its login_hint is not a string of sensible length": {
			"login_hint is a list",
		},
	}
}

// TestBadTokensAreRefused sends every bad token to one provider value per authority. A
// valid sign-in follows each: a refusal must leave nothing behind.
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
					require.NotEmpty(t, bad.reason, "reasons() must know it")
					assert.True(t, strings.HasSuffix(err.Error(), reasonAt(tenant, bad)), "%q says another thing, or more", err)
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

// reasonAt returns the expected error at one authority. With an issuer template,
// another check can refuse the token.
func reasonAt(tenant string, bad badToken) string {
	if tenant == "common" {
		switch bad.name {
		case "iss is another tenant's":
			return "its tenant is not its issuer's"
		case "signed by another tenant's key":
			return "the key that signed it is another issuer's"
		}
	}
	return bad.reason
}

func TestBadTokensAreRefusedFromAnyOpenIDProvider(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
	for _, bad := range badTokens() {
		if bad.entra {
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

// TestOddButGoodTokensAreAccepted checks unusual tokens that are valid.
func TestOddButGoodTokensAreAccepted(t *testing.T) {
	w := contoso(t)
	for _, good := range []struct {
		name   string
		change func(*fakeidp.TokenDraft)
	}{
		{"aud is a list of this client", set("aud", []string{fakeidp.DefaultClientID})},
		{"aud in other letter case", set("aud", strings.ToUpper(fakeidp.DefaultClientID))},
		{"azp is this client", set("azp", fakeidp.DefaultClientID)},
		{"azp in other letter case", set("azp", strings.ToUpper(fakeidp.DefaultClientID))},
		{"tid and oid in other letter case", all(forgery.Edit("tid", strings.ToUpper), forgery.Edit("oid", strings.ToUpper))},
		{"exp within the skew", shift("exp", -5*time.Minute+time.Second)},
		{"iat within the skew", func(d *fakeidp.TokenDraft) { d.Claims["iat"] = d.Claims["iat"].(int64) + 299 }},
		{"nbf within the skew", shift("nbf", 4*time.Minute)},
		{"no nbf", drop("nbf")},
		{"auth_time within the skew", set("auth_time", w.clock.Now().Add(4*time.Minute).Unix())},
		{"auth_time is null", set("auth_time", nil)},
		{"auth_time is not known", set("auth_time", 0)},
		{"acrs is null", set("acrs", nil)},
		{"times with a fraction", withRaw("exp", "4102444800.5")},
		{"no oid", drop("oid")},
		{"no typ", func(d *fakeidp.TokenDraft) { delete(d.Header, "typ") }},
		{"typ in lower case", setHeader("typ", "jwt")},
		{"a header member nobody knows", setHeader("extra", "abc")},
		{"a kid-less token and one key", func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`{"alg":"RS256","typ":"JWT"}`) }},
		{"names in another letter case, alone", all(drop("roles"), drop("groups"), set("Roles", 1), set("Groups", "x"), set("Email", 2), set("UPN", nil),
			set("Name_", []int{}), set("Exp_", "x"), set("SID2", 1))},
		{"claims that only go-oidc would read", all(drop("sid"), set("SID", 1), drop("at_hash"), set("At_Hash", []int{1}), drop("nbf"), set("NBF", "x"),
			set("JTI", 1), set("Events", "x"))},
		{"claims nobody knows", set("Extension_Department", map[string]any{"A": 1, "a": 2})},
		{"groups elsewhere, without a source", set("_claim_names", map[string]string{"groups": "src1"})},
		{"groups elsewhere", all(set("_claim_names", map[string]string{"groups": "src1"}),
			set("_claim_sources", map[string]any{"src1": map[string]string{"endpoint": "https://graph.windows.net/x"}}))},
		{"empty roles", set("roles", []string{})},
		{"sid as long as one may be", set("sid", strings.Repeat("s", ports.MaxProviderSession))},
	} {
		t.Run(good.name, func(t *testing.T) {
			w.idp.Mutate(nil)
			plain := w.mustSignIn(t, fakeidp.UserMember).Identity
			w.idp.Mutate(good.change)
			got := w.mustSignIn(t, fakeidp.UserMember).Identity
			assert.Equal(t, plain.TenantID, got.TenantID)
			assert.Contains(t, []string{plain.ObjectID, ""}, got.ObjectID)
		})
	}
}

// TestTenants checks which tenants are allowed with an authority for many tenants.
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
		var refused *ports.TenantNotAllowedError
		require.ErrorAs(t, err, &refused)
		assert.Contains(t, []string{fakeidp.FabrikamTenantID, fakeidp.ConsumersTenantID}, refused.TenantID)
		assert.NotContains(t, err.Error(), refused.TenantID, "what a token says is not quoted")
		assertNothingSecret(t, err)
	}
	w.idp.Mutate(set("nonce", "wrong"))
	_, err := w.signIn(t, fakeidp.UserGuest)
	require.NotErrorIs(t, err, ports.ErrTenantNotAllowed, "nothing is said of a token that does not hold otherwise")
	w = newWorld(t, "common", nil)
	for _, anybody := range []string{fakeidp.UserMember, fakeidp.UserGuest, fakeidp.UserPersonal} {
		w.mustSignIn(t, anybody)
	}
}

// TestOrganizationsAreForNoPersonalAccounts checks that organizations refuses the
// tenant of personal accounts, although any tenant is allowed and the token is valid
// otherwise.
func TestOrganizationsAreForNoPersonalAccounts(t *testing.T) {
	w := newWorld(t, "organizations", nil)
	w.mustSignIn(t, fakeidp.UserMember)
	w.idp.Mutate(func(d *fakeidp.TokenDraft) {
		d.Claims["tid"], d.Claims["iss"] = fakeidp.ConsumersTenantID, w.idp.Issuer(fakeidp.ConsumersTenantID)
	})
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTenantNotAllowed)
	assert.False(t, w.provider.Admits(ports.Identity{TenantID: fakeidp.ConsumersTenantID}), "nor by a session from before")
}

// TestKeyIssuers checks that a key signs only for its own issuer.
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

// TestAccessTokenHash checks at_hash if the provider sends it.
func TestAccessTokenHash(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(c *fakeidp.Config, _ *entra.Config) { c.AtHash = true })
	w.mustSignIn(t, fakeidp.UserMember, apiScope)
	w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Response["access_token"] = "another-token" })
	_, err := w.signIn(t, fakeidp.UserMember, apiScope)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
}

// TestPublishedKeyOfAnotherTenant signs with a key of the same key set that belongs to
// another tenant.
func TestPublishedKeyOfAnotherTenant(t *testing.T) {
	w := newWorld(t, "common", nil)
	w.mustSignIn(t, fakeidp.UserMember)
	w.idp.Mutate(sign(fakeidp.SignTenantKey))
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	assert.ErrorContains(t, err, "the key that signed it is another issuer's")
}
