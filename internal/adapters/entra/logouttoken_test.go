package entra_test

import (
	"encoding/base64"
	"errors"
	"fmt"
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

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutDraft is a valid logout token before it is signed.
func (w world) logoutDraft() *fakeidp.TokenDraft {
	now := w.clock.Now().Unix()
	return &fakeidp.TokenDraft{
		Header: map[string]any{"typ": "logout+jwt"},
		Claims: map[string]any{
			"iss": w.idp.Issuer(fakeidp.ContosoTenantID), "aud": fakeidp.DefaultClientID, "iat": now, "exp": now + 120,
			"jti": "token-1", "sub": "subject-1", "sid": "session-1",
			"events": map[string]any{logoutEvent: map[string]any{}},
		},
	}
}

func (w world) verifyLogout(t testing.TB, change func(*fakeidp.TokenDraft)) (ports.LogoutToken, error) {
	t.Helper()
	draft := w.logoutDraft()
	if change != nil {
		change(draft)
	}
	token, err := w.idp.Sign(*draft)
	require.NoError(t, err)
	return w.provider.VerifyLogoutToken(t.Context(), token)
}

// badLogoutToken is a logout token that must be refused.
type badLogoutToken struct {
	name   string
	reason string // what the error says
	change forgery.Change
}

func badLogoutTokens() []badLogoutToken {
	event := func(value any) func(*fakeidp.TokenDraft) { return set("events", map[string]any{logoutEvent: value}) }
	return []badLogoutToken{
		{"two segments", "the logout token has not three segments", forgery.Rewrite(func(s string) string { return s[:strings.LastIndex(s, ".")] })},
		{"empty", "the logout token has not three segments", forgery.Rewrite(func(string) string { return "" })},
		{"a line break", "the logout token is not base64url", forgery.Rewrite(func(s string) string { return s + "\n" })},
		{"too large", "the logout token is too large", set("note", strings.Repeat("x", 17<<10))},
		{"alg none", "the logout token is not base64url", sign(fakeidp.SignNone)},
		{"alg none, signed", "the logout token's algorithm is not allowed", setHeader("alg", "none")},
		{"HS256 with the public key", "the logout token's algorithm is not allowed", sign(fakeidp.SignHS256Public)},
		{"HS256 with the client secret", "the logout token's algorithm is not allowed", sign(fakeidp.SignHS256Secret)},
		{"alg that is not offered", "the logout token's algorithm is not allowed", sign(fakeidp.SignPS256)},
		{"a stranger's key", "the logout token's signature is wrong", sign(fakeidp.SignForeign)},
		{"a stranger's key in a jwk", "the logout token's signature is wrong",
			all(sign(fakeidp.SignForeign), setHeader("jwk", map[string]string{"kty": "RSA", "n": "AQAB", "e": "AQAB"}))},
		{"an unknown key", "no key of the provider fits its signature", sign(fakeidp.SignUnknownKey)},
		{"a bit turned", "the logout token's signature is wrong", sign(fakeidp.SignBroken)},
		{"crit", "the logout token's header names a critical extension", setHeader("crit", []string{"x"})},
		{"an access token's type", "the logout token is of another type", setHeader("typ", "at+jwt")},
		{"a type nobody knows", "the logout token is of another type", setHeader("typ", "secevent+jwt")},
		{"typ is a number", "the logout token is of another type", setHeader("typ", 1)},
		{"claims are an array", "the logout token's claims are not a JSON object", func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(`[]`) }},
		{"jti stands twice", "the logout token's claims are not a JSON object", forgery.WithMembers(`"jti":"other"`)},
		{"sid stands twice", "the logout token's claims are not a JSON object", forgery.WithMembers(`"sid":"other"`)},
		{"Events in place of events", "its events are not the logout event alone", forgery.Rename("events", "Events")},
		{"SID beside sid", "the logout token's claims have two names that differ in letter case only", set("SID", "other")},
		{"a nonce", "it has a nonce", set("nonce", "n")},
		{"an empty nonce", "it has a nonce", set("nonce", "")},
		{"a nonce of null", "it has a nonce", set("nonce", nil)},
		{"no iss", "it comes from another issuer", drop("iss")},
		{"another iss", "it comes from another issuer", set("iss", "https://attacker.example")},
		{"iss with a slash more", "it comes from another issuer", func(d *fakeidp.TokenDraft) { d.Claims["iss"] = d.Claims["iss"].(string) + "/" }},
		{"another tenant's tid", "its tenant is not its issuer's", set("tid", fakeidp.FabrikamTenantID)},
		{"no aud", "its audience is not this application alone", drop("aud")},
		{"another aud", "its audience is not this application alone", set("aud", "another")},
		{"one aud more", "its audience is not this application alone", set("aud", []string{fakeidp.DefaultClientID, "another"})},
		{"no iat", "its time of issue is missing", drop("iat")},
		{"iat is text", "its time of issue is missing", set("iat", "1")},
		{"iat in the future", "it was issued in the future", func(d *fakeidp.TokenDraft) { d.Claims["iat"] = d.Claims["iat"].(int64) + 301 }},
		{"iat of two days ago", "it was issued more than a day ago", func(d *fakeidp.TokenDraft) { d.Claims["iat"] = d.Claims["iat"].(int64) - 2*86400 }},
		{"iat a second over a day", "it was issued more than a day ago", func(d *fakeidp.TokenDraft) { d.Claims["iat"] = d.Claims["iat"].(int64) - 86401 }},
		{"no exp", "its expiry is missing", drop("exp")},
		{"exp is null", "its expiry is missing", set("exp", nil)},
		{"exp has passed", "it has expired", shift("exp", -5*time.Minute)},
		{"nbf in the future", "it is not valid yet", shift("nbf", 6*time.Minute)},
		{"no jti", "its token ID is missing", drop("jti")},
		{"jti is empty", "its token ID is missing", set("jti", "")},
		{"jti is a number", "its token ID is missing", set("jti", 7)},
		{"jti is very long", "its token ID is missing", set("jti", strings.Repeat("j", 600))},
		{"no events", "its events are not the logout event alone", drop("events")},
		{"events are null", "its events are not the logout event alone", set("events", nil)},
		{"events are a list", "its events are not the logout event alone", set("events", []string{logoutEvent})},
		{"events are text", "its events are not the logout event alone", set("events", logoutEvent)},
		{"events are empty", "its events are not the logout event alone", set("events", map[string]any{})},
		{"another event", "its events are not the logout event alone", set("events", map[string]any{"https://schemas.openid.net/event/backchannel-logout": map[string]any{}})},
		{"an event in other case", "its events are not the logout event alone", set("events", map[string]any{strings.ToUpper(logoutEvent): map[string]any{}})},
		{"one event more", "its events are not the logout event alone", set("events", map[string]any{logoutEvent: map[string]any{}, "urn:other": map[string]any{}})},
		{"the event is null", "its events are not the logout event alone", event(nil)},
		{"the event is true", "its events are not the logout event alone", event(true)},
		{"the event is a list", "its events are not the logout event alone", event([]string{})},
		{"the event is text", "its events are not the logout event alone", event("{}")},
		{"neither sub nor sid", "it names neither a subject nor a session", all(drop("sub"), drop("sid"))},
		{"sub is empty", "its subject is missing", set("sub", "")},
		{"sub is a number", "its subject is missing", set("sub", 1)},
		{"sid is empty", "its session is not a short string", set("sid", "")},
		{"sub and sid are null", "it names neither a subject nor a session", all(set("sub", nil), set("sid", nil))},
		{"iss is null", "it comes from another issuer", set("iss", nil)},
		{"aud is null", "its audience is not this application alone", set("aud", nil)},
		{"jti is null", "its token ID is missing", set("jti", nil)},
		{"sid is a list", "its session is not a short string", set("sid", []string{"session-1"})},
		{"sid is very long", "its session is not a short string", set("sid", strings.Repeat("s", 600))},
	}
}

// TestBadLogoutTokensAreRefused sends each to one provider value. A valid token
// follows: a refusal must leave nothing behind.
func TestBadLogoutTokensAreRefused(t *testing.T) {
	for _, tenant := range []string{fakeidp.ContosoTenantID, "common", "other"} {
		t.Run(tenant, func(t *testing.T) {
			w := logoutWorld(t, tenant)
			for _, bad := range badLogoutTokens() {
				if tenant == "other" && strings.Contains(bad.name, "tid") {
					continue // means nothing there
				}
				t.Run(bad.name, func(t *testing.T) {
					said, err := w.verifyLogout(t, bad.change)
					require.ErrorIs(t, err, ports.ErrTokenRefused)
					assert.ErrorContains(t, err, bad.reason)
					assert.Zero(t, said)
					assertNothingSecret(t, err)
					_, err = w.verifyLogout(t, nil)
					require.NoError(t, err)
				})
			}
		})
	}
	assert.GreaterOrEqual(t, len(badLogoutTokens()), 25)
}

// logoutWorld returns a world for an Entra authority, or with "other" for any OpenID
// Provider.
func logoutWorld(t *testing.T, tenant string) world {
	if tenant != "other" {
		return newWorld(t, tenant, nil)
	}
	return newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
}

func TestGoodLogoutTokens(t *testing.T) {
	w := logoutWorld(t, "other")
	now := w.clock.Now()
	whole := ports.LogoutToken{
		ID: "token-1", Issuer: w.idp.Issuer(fakeidp.ContosoTenantID), Subject: "subject-1", ProviderSession: "session-1",
		Expires: now.Add(24*time.Hour + 5*time.Minute),
	}
	without := func(change func(*ports.LogoutToken)) ports.LogoutToken {
		token := whole
		change(&token)
		return token
	}
	for name, c := range map[string]struct {
		change func(*fakeidp.TokenDraft)
		want   ports.LogoutToken
	}{
		"as the specification has it": {nil, whole},
		"sid alone":                   {drop("sub"), without(func(l *ports.LogoutToken) { l.Subject = "" })},
		"sub alone":                   {drop("sid"), without(func(l *ports.LogoutToken) { l.ProviderSession = "" })},
		"the plain type":              {setHeader("typ", "JWT"), whole},
		"the type in full":            {setHeader("typ", "application/logout+jwt"), whole},
		"no type":                     {func(d *fakeidp.TokenDraft) { delete(d.Header, "typ") }, whole},
		"sub is null":                 {set("sub", nil), without(func(l *ports.LogoutToken) { l.Subject = "" })},
		"sid is null":                 {set("sid", nil), without(func(l *ports.LogoutToken) { l.ProviderSession = "" })},
		"nbf is null":                 {set("nbf", nil), whole},
		"aud in other letter case":    {set("aud", strings.ToUpper(fakeidp.DefaultClientID)), whole},
		"aud is a list":               {set("aud", []string{fakeidp.DefaultClientID}), whole},
		"an event with members":       {set("events", map[string]any{logoutEvent: map[string]any{"reason": "x"}}), whole},
		"exp within the skew":         {shift("exp", -4*time.Minute), whole},
		"a day old": {func(d *fakeidp.TokenDraft) { d.Claims["iat"] = d.Claims["iat"].(int64) - 86400 },
			without(func(l *ports.LogoutToken) { l.Expires = now.Add(5 * time.Minute) })},
		"claims nobody knows": {set("trace_id", "x"), whole},
	} {
		said, err := w.verifyLogout(t, c.change)
		require.NoError(t, err, name)
		c.want.Expires = c.want.Expires.Local()
		said.Expires = said.Expires.Local()
		assert.Equal(t, c.want, said, name)
	}
}

// TestAnIDTokenIsNoLogoutToken also checks the reverse: one key signs both.
func TestAnIDTokenIsNoLogoutToken(t *testing.T) {
	w := logoutWorld(t, "other")
	_, err := w.provider.VerifyLogoutToken(t.Context(), w.mustSignIn(t, fakeidp.UserMember).Tokens.SignOutHint)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Claims = w.logoutDraft().Claims })
	_, err = w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
}

func TestALogoutTokenOfAnotherTenantsKey(t *testing.T) {
	w := newWorld(t, "common", nil)
	w.mustSignIn(t, fakeidp.UserMember)
	_, err := w.verifyLogout(t, sign(fakeidp.SignTenantKey))
	require.NoError(t, err, "it is Contoso's key")
	_, err = w.verifyLogout(t, all(sign(fakeidp.SignTenantKey), set("iss", w.idp.Issuer(fakeidp.FabrikamTenantID))))
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	assert.ErrorContains(t, err, "the key that signed it is another issuer's")
}

func TestLogoutTokensWhileTheProviderIsDown(t *testing.T) {
	w := contoso(t)
	token, err := w.idp.Sign(*w.logoutDraft())
	require.NoError(t, err)
	w.idp.Down()
	_, err = w.provider.VerifyLogoutToken(t.Context(), token)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	w.idp.Up()
	w.clock.Advance(time.Minute)
	_, err = w.provider.VerifyLogoutToken(t.Context(), token)
	require.NoError(t, err)
	w.idp.Down()
	_, err = w.provider.VerifyLogoutToken(t.Context(), token)
	require.NoError(t, err, "the keys are at hand")
}

func TestALogoutTokenByANewKey(t *testing.T) {
	w := contoso(t)
	_, err := w.verifyLogout(t, nil)
	require.NoError(t, err)
	w.idp.RotateKeys(fakeidp.DropOldKeys)
	_, err = w.verifyLogout(t, nil)
	require.NoError(t, err)
}

// Many tokens with unknown keys delay a genuine token only until the keys may be
// loaded again.
func TestALogoutTokenByANewKeyAfterAFlood(t *testing.T) {
	w := contoso(t)
	unknown := func() error {
		_, err := w.verifyLogout(t, setHeader("kid", "unknown"))
		return err
	}
	require.ErrorIs(t, unknown(), ports.ErrTokenRefused, "the keys have been loaded for it")
	require.ErrorIs(t, unknown(), ports.ErrProviderUnavailable)
	w.idp.RotateKeys(fakeidp.DropOldKeys)
	_, err := w.verifyLogout(t, nil)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable, "the provider sends it again")
	require.NotErrorIs(t, err, ports.ErrTokenRefused)
	w.clock.Advance(5 * time.Minute)
	_, err = w.verifyLogout(t, nil)
	require.NoError(t, err)
}

// TestAFloodOfLogoutTokens sends ten thousand tokens of as many unknown keys in a
// thousand seconds, a little more than three times five minutes. Sign-ins are not
// disturbed.
func TestAFloodOfLogoutTokens(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	good, err := w.idp.Sign(*w.logoutDraft())
	require.NoError(t, err)
	_, rest, _ := strings.Cut(good, ".")
	judged := 0
	flood := func(from, to int) {
		for i := from; i < to; i++ {
			if i%10 == 0 {
				w.clock.Advance(time.Second)
			}
			header := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"alg":"RS256","kid":"unknown-%d"}`, i))
			_, err := w.provider.VerifyLogoutToken(t.Context(), header+"."+rest)
			if errors.Is(err, ports.ErrTokenRefused) {
				judged++ // by keys that were loaded for it
				continue
			}
			require.ErrorIs(t, err, ports.ErrProviderUnavailable, "a token that cannot be judged is not refused")
		}
	}
	flood(0, 9_000)
	w.idp.RotateKeys(fakeidp.DropOldKeys)
	w.mustSignIn(t, fakeidp.UserMember)
	flood(9_000, 10_000)
	assert.InDelta(t, 4, judged, 1)
	assert.LessOrEqual(t, w.idp.Requests(fakeidp.EndpointKeys), 1+4+1)
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointMetadata))
}

// TestAFloodDuringAnOutageOfTheKeys checks that logout tokens cause few requests while
// the keys endpoint fails.
func TestAFloodDuringAnOutageOfTheKeys(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	draft := w.logoutDraft()
	setHeader("kid", "unknown")(draft)
	token, err := w.idp.Sign(*draft)
	require.NoError(t, err)
	w.idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Status: 500, Body: "x"})
	for range 1000 {
		_, err := w.provider.VerifyLogoutToken(t.Context(), token)
		require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	}
	assert.LessOrEqual(t, w.idp.Requests(fakeidp.EndpointKeys), 1+2, "one load, with its repetition")
}
