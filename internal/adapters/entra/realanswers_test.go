package entra_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

// anyProvider configures the fake provider as any OpenID Provider.
func anyProvider(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" }

// respond changes the response of the token endpoint.
func respond(member string, value any) func(*fakeidp.TokenDraft) {
	return func(d *fakeidp.TokenDraft) { d.Response[member] = value }
}

// Some serializers write members without a value as null. Such a member is absent.
func TestNullClaimsAreAbsent(t *testing.T) {
	for name, change := range map[string]func(*fakeidp.Config, *entra.Config){"Entra": nil, "any provider": anyProvider} {
		w := newWorld(t, fakeidp.ContosoTenantID, change)
		for _, claim := range []string{
			"nbf", "azp", "at_hash", "c_hash", "roles", "groups", "hasgroups", "_claim_names", "_claim_sources", "name", "preferred_username",
			"email", "sid", "login_hint", "acct", "oid", "auth_time", "jti", "events",
		} {
			w.idp.Mutate(drop(claim))
			want := w.mustSignIn(t, fakeidp.UserMember, apiScope)
			w.idp.Mutate(set(claim, nil))
			got := w.mustSignIn(t, fakeidp.UserMember, apiScope)
			want.Identity.ProviderSession, got.Identity.ProviderSession = "", ""
			assert.Equal(t, want.Identity, got.Identity, "%s: %s", name, claim)
			assert.Equal(t, want.Tokens.Groups, got.Tokens.Groups, "%s: %s", name, claim)
			assert.NotContains(t, names(got.Claims), claim, name)
		}
	}
}

func TestNullClaimsOfARefreshedIDTokenAreAbsent(t *testing.T) {
	w := contoso(t)
	req := refreshOf(w.mustSignIn(t, fakeidp.UserMember, apiScope))
	w.idp.Mutate(all(set("nonce", nil), set("at_hash", nil), set("c_hash", nil), set("roles", nil), set("name", nil)))
	_, err := w.provider.Refresh(t.Context(), req)
	require.NoError(t, err)
}

func TestNullMembersOfATokenResponseAreAbsent(t *testing.T) {
	w := contoso(t)
	for member, check := range map[string]func(ports.SignedIn){
		"error":             func(ports.SignedIn) {},
		"error_description": func(ports.SignedIn) {},
		"error_uri":         func(ports.SignedIn) {},
		"error_codes":       func(ports.SignedIn) {},
		"scope":             func(ports.SignedIn) {},
		"token_type":        func(in ports.SignedIn) { assert.Len(t, in.Tokens.AccessTokens, 1) },
		"expires_in":        func(in ports.SignedIn) { assert.True(t, in.Tokens.AccessTokens[0].Expires.After(w.clock.Now())) },
		"refresh_token":     func(in ports.SignedIn) { assert.Empty(t, in.Tokens.RefreshToken) },
		"access_token":      func(in ports.SignedIn) { assert.Empty(t, in.Tokens.AccessTokens) },
	} {
		w.idp.Mutate(respond(member, nil))
		in, err := w.signIn(t, fakeidp.UserMember, apiScope)
		require.NoError(t, err, member)
		check(in)
	}
	w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.OmitIDToken = true; d.Response["id_token"] = nil })
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	assert.ErrorContains(t, err, "no ID token")

	w.idp.Mutate(nil)
	req := refreshOf(w.mustSignIn(t, fakeidp.UserMember, apiScope))
	w.idp.Mutate(respond("refresh_token", nil))
	fresh, err := w.provider.Refresh(t.Context(), req)
	require.NoError(t, err)
	assert.Equal(t, req.RefreshToken, fresh.RefreshToken)
	w.idp.Mutate(nil)
	req = refreshOf(w.mustSignIn(t, fakeidp.UserMember, apiScope))
	w.idp.Mutate(respond("access_token", nil))
	_, err = w.provider.Refresh(t.Context(), req)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
}

func TestNullMembersOfMetadataAreAbsent(t *testing.T) {
	null := func(member string) func(string, map[string]any) {
		return func(_ string, m map[string]any) { m[member] = nil }
	}
	for _, change := range []func(*fakeidp.Config, *entra.Config){nil, anyProvider} {
		for _, member := range []string{
			"end_session_endpoint", "userinfo_endpoint", "id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported",
			"token_endpoint_auth_signing_alg_values_supported", "prompt_values_supported", "authorization_response_iss_parameter_supported",
			"acr_values_supported", "claims_supported",
		} {
			w := newWorld(t, fakeidp.ContosoTenantID, change)
			w.idp.MutateMetadata(null(member))
			w.mustSignIn(t, fakeidp.UserMember)
		}
		for _, member := range []string{"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"} {
			w := newWorld(t, fakeidp.ContosoTenantID, change)
			w.idp.MutateMetadata(null(member))
			_, err := w.provider.Begin(t.Context(), ports.AuthorizationRequest{State: testState})
			require.ErrorIs(t, err, ports.ErrProviderUnavailable, member)
		}
	}
}

func TestNullMembersOfKeysAreAbsent(t *testing.T) {
	w := contoso(t)
	w.idp.MutateKeys(func(_ string, set map[string]any) {
		for _, key := range set["keys"].([]any) {
			for _, member := range []string{"use", "key_ops", "alg", "issuer", "x5c", "x5t", "d", "p", "q", "k", "crv", "x", "y"} {
				key.(map[string]any)[member] = nil
			}
		}
	})
	w.mustSignIn(t, fakeidp.UserMember)

	w = contoso(t)
	w.idp.MutateKeys(func(_ string, set map[string]any) { set["keys"] = nil })
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
}

// A malformed claim that is only displayed never refuses a sign-in.
func TestDisplayClaimsOfAnotherTypeAreLeftOut(t *testing.T) {
	for _, change := range []func(*fakeidp.Config, *entra.Config){nil, anyProvider} {
		w := newWorld(t, fakeidp.ContosoTenantID, change)
		for _, odd := range []any{[]string{"Eve"}, map[string]any{"given": "Eve"}, 7, true, nil, strings.Repeat("é", 5_000)} {
			w.idp.Mutate(all(set("name", odd), set("email", odd)))
			in := w.mustSignIn(t, fakeidp.UserMember)
			assert.Empty(t, in.Identity.Name)
			assert.Equal(t, fakeidp.UserMember, in.Identity.Username)
			w.idp.Mutate(set("preferred_username", odd))
			in = w.mustSignIn(t, fakeidp.UserMember)
			assert.Empty(t, in.Identity.Username)
			assert.NotEmpty(t, in.Identity.Name)
		}
	}
}

func TestRolesMayBeOneString(t *testing.T) {
	for _, change := range []func(*fakeidp.Config, *entra.Config){nil, anyProvider} {
		w := newWorld(t, fakeidp.ContosoTenantID, change)
		w.idp.Mutate(set("roles", "Admin"))
		assert.Equal(t, []string{"Admin"}, w.mustSignIn(t, fakeidp.UserMember).Identity.Roles)
	}
}

// RFC 6750 has one token type, and some providers leave it out.
func TestATokenWithoutATypeIsABearerToken(t *testing.T) {
	w := contoso(t)
	w.idp.Mutate(func(d *fakeidp.TokenDraft) { delete(d.Response, "token_type") })
	assert.Len(t, w.mustSignIn(t, fakeidp.UserMember, apiScope).Tokens.AccessTokens, 1)
	for _, other := range []any{"DPoP", "MAC", 1, []string{"Bearer"}} {
		w.idp.Mutate(respond("token_type", other))
		_, err := w.signIn(t, fakeidp.UserMember, apiScope)
		require.ErrorIs(t, err, ports.ErrTokenRefused, other)
	}
}

// A CLIENT_ID in capital letters is the same application.
func TestClientIDInOtherLetterCase(t *testing.T) {
	capitals := strings.ToUpper(fakeidp.DefaultClientID)
	for name, authority := range map[string]func(*entra.Config){"Entra": func(*entra.Config) {}, "any provider": func(c *entra.Config) { c.Issuer = "self" }} {
		w := newWorld(t, fakeidp.ContosoTenantID, func(idp *fakeidp.Config, c *entra.Config) {
			authority(c)
			c.ClientID = capitals
			idp.Clients = []fakeidp.Client{{ID: capitals, Secrets: []string{fakeidp.DefaultClientSecret}, RedirectURIs: []string{redirectURI}}}
		})
		w.idp.Mutate(all(set("aud", fakeidp.DefaultClientID), set("azp", fakeidp.DefaultClientID)))
		w.mustSignIn(t, fakeidp.UserMember)
		_, err := w.verifyLogout(t, set("aud", fakeidp.DefaultClientID))
		require.NoError(t, err, name)
	}
}
