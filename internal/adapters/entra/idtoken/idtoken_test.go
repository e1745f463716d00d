package idtoken

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
)

const (
	clientGUID   = "5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa"
	clientGUIDup = "5B3F6C1E-90D7-4F28-8A6B-E1C04D7295FA"
)

// issuing returns a verifier and a function that signs tokens for it.
func issuing(t *testing.T) (v Verifier, issue func(claims map[string]any) string) {
	t.Helper()
	private := makeKeys(t, 0)["EdDSA"]
	jwk, err := jose.JSONWebKey{Key: private.Public()}.MarshalJSON()
	require.NoError(t, err)
	set, err := ParseKeySet([]byte(`{"keys":[` + string(jwk) + `]}`))
	require.NoError(t, err)
	return verifierOf(set), func(claims map[string]any) string {
		text, err := json.Marshal(claims)
		require.NoError(t, err)
		return sign(t, private, "EdDSA", string(text))
	}
}

// with returns the claims of a valid ID token with some of them changed. It removes
// claims that are nil.
func with(changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss": "https://provider.example", "aud": "app", "sub": "x", "nonce": "n", "exp": 2_000_000_060, "iat": 2_000_000_000,
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

// TestAudiences checks OpenID Connect Core 1.0, section 3.1.3.7, points 3 to 5.
// Several audiences are accepted only in ID tokens of other providers than Entra.
func TestAudiences(t *testing.T) {
	v, issue := issuing(t)
	for name, c := range map[string]struct {
		clientID string
		aud, azp any
		good     bool
	}{
		"this one":                   {"app", "app", nil, true},
		"this one in a list":         {"app", []string{"app"}, nil, true},
		"several, azp this one":      {"app", []string{"other", "app"}, "app", true},
		"several, no azp":            {"app", []string{"other", "app"}, nil, false},
		"several, azp another":       {"app", []string{"other", "app"}, "other", false},
		"several, none is this one":  {"app", []string{"other", "more"}, "app", false},
		"several, one is no text":    {"app", []any{"app", 1}, "app", false},
		"a name in other case":       {"app", "APP", nil, false},
		"azp in other case":          {"app", "app", "App", false},
		"a GUID in other case":       {clientGUID, clientGUIDup, nil, true},
		"configured in capitals":     {clientGUIDup, clientGUID, clientGUID, true},
		"azp a GUID in other case":   {clientGUID, clientGUID, clientGUIDup, true},
		"several GUIDs, one in caps": {clientGUID, []string{"other", clientGUIDup}, clientGUIDup, true},
	} {
		v.ClientID = c.clientID
		_, err := v.Verify(t.Context(), issue(with(map[string]any{"aud": c.aud, "azp": c.azp})), Expected{Nonce: "n"})
		if c.good {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, ports.ErrTokenRefused, name)
	}
	v.ClientID = "app"
	several := map[string]any{"aud": []string{"other", "app"}, "azp": "app"}

	logout := with(several)
	delete(logout, "nonce")
	logout["events"], logout["jti"] = map[string]any{logoutEvent: map[string]any{}}, "1"
	_, err := v.VerifyLogout(t.Context(), issue(logout))
	require.ErrorIs(t, err, ports.ErrTokenRefused, "a logout token")
	assert.ErrorContains(t, err, "audience")
	logout["aud"] = "app"
	_, err = v.VerifyLogout(t.Context(), issue(logout))
	require.NoError(t, err)

	const tenant = "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"
	entra := with(several)
	v.Authority, err = authority.Parse("https://login.microsoftonline.com/" + tenant)
	require.NoError(t, err)
	v.Issuer = authority.Issuer("https://login.microsoftonline.com/" + tenant + "/v2.0")
	entra["iss"], entra["tid"], entra["ver"] = string(v.Issuer), tenant, "2.0"
	_, err = v.Verify(t.Context(), issue(entra), Expected{Nonce: "n"})
	require.ErrorIs(t, err, ports.ErrTokenRefused, "Entra")
	assert.ErrorContains(t, err, "audience")
	entra["aud"] = "app"
	_, err = v.Verify(t.Context(), issue(entra), Expected{Nonce: "n"})
	require.NoError(t, err)
}

// Issuers and subjects compare exactly, also if they look like GUIDs.
func TestIssuerAndSubjectKeepTheirLetterCase(t *testing.T) {
	v, issue := issuing(t)
	got, err := v.Verify(t.Context(), issue(with(map[string]any{"sub": clientGUIDup})), Expected{Nonce: "n"})
	require.NoError(t, err)
	assert.Equal(t, clientGUIDup, got.Identity.Subject)
	_, err = v.Verify(t.Context(), issue(with(map[string]any{"sub": clientGUIDup})), Expected{Nonce: "n", Subject: clientGUID})
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	v.Issuer = authority.Issuer("https://provider.example/" + clientGUID)
	_, err = v.Verify(t.Context(), issue(with(map[string]any{"iss": "https://provider.example/" + clientGUIDup})), Expected{Nonce: "n"})
	require.ErrorIs(t, err, ports.ErrTokenRefused)
}

// An Expected without a nonce is a mistake of the caller. It must not accept tokens
// without a nonce.
func TestAnEmptyNonceEqualsNothing(t *testing.T) {
	v, issue := issuing(t)
	for _, nonce := range []any{"", nil, "n"} {
		_, err := v.Verify(t.Context(), issue(with(map[string]any{"nonce": nonce})), Expected{})
		require.ErrorIs(t, err, ports.ErrTokenRefused)
	}
}

// TestAuthTimeAndAuthContexts checks when and how the person authenticated.
func TestAuthTimeAndAuthContexts(t *testing.T) {
	v, issue := issuing(t)
	now := v.Clock()
	claims := func(authTime, acrs any) map[string]any {
		return with(map[string]any{"auth_time": authTime, "acrs": acrs})
	}
	for name, c := range map[string]struct {
		authTime, acrs any
		want           time.Time
		contexts       []string
	}{
		"neither":                      {nil, nil, time.Time{}, nil},
		"null":                         {json.RawMessage("null"), json.RawMessage("null"), time.Time{}, nil},
		"both":                         {now.Unix() - 60, []string{"c1", "c2"}, now.Add(-time.Minute), []string{"c1", "c2"}},
		"one context as text":          {nil, "c1", time.Time{}, []string{"c1"}},
		"no context":                   {nil, []string{}, time.Time{}, []string{}},
		"a fraction of a second":       {json.RawMessage("1999999999.75"), nil, time.Unix(1999999999, 0), nil},
		"the provider does not know":   {0, nil, time.Time{}, nil},
		"years ago":                    {1, nil, time.Unix(1, 0), nil},
		"the provider's clock is fast": {now.Unix() + 300, nil, now.Add(5 * time.Minute), nil},
	} {
		got, err := v.Verify(t.Context(), issue(claims(c.authTime, c.acrs)), Expected{Nonce: "n"})
		require.NoError(t, err, name)
		assert.Zero(t, c.want.Compare(got.Identity.AuthTime), name)
		assert.Equal(t, c.contexts, got.Identity.AuthContexts, name)
	}
	for name, bad := range map[string]map[string]any{
		"in the future":     claims(now.Unix()+301, nil),
		"text":              claims("2000000000", nil),
		"negative":          claims(-1, nil),
		"acrs is a number":  claims(nil, 1),
		"acrs is too long":  claims(nil, strings.Repeat("c", 65)),
		"acrs has no name":  claims(nil, []string{"c1", ""}),
		"acrs are too many": claims(nil, slices.Repeat([]string{"c1"}, 101)),
	} {
		_, err := v.Verify(t.Context(), issue(bad), Expected{Nonce: "n"})
		require.ErrorIs(t, err, ports.ErrTokenRefused, name)
	}
}

func TestAcceptable(t *testing.T) {
	assert.Equal(t, []string{"RS256", "ES512"}, Acceptable([]string{"none", "HS256", "ES512", "RS256", "Ed448", "rs256"}))
	assert.Equal(t, []string{"EdDSA", "Ed25519"}, Acceptable([]string{"Ed25519"}))
	assert.Equal(t, []string{"EdDSA", "Ed25519"}, Acceptable([]string{"EdDSA"}))
	assert.Empty(t, Acceptable(nil))
}
