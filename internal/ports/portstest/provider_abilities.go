package portstest

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// The tests of an optional ability return at once if the adapter does not have it.

func signOutTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"SignOut/needs no network", func(t *testing.T, h *providerTest) {
			out, ok := h.Provider.(ports.ProviderSignOut)
			if !ok {
				return
			}
			h.Down(true)
			to, err := out.EndSessionURL(t.Context(), "")
			require.NoError(t, err)
			mustBeURLOrEmpty(t, to)
		}},
		{"SignOut/works during an outage, with and without a hint", func(t *testing.T, h *providerTest) {
			out, ok := h.Provider.(ports.ProviderSignOut)
			if !ok {
				return
			}
			hint := wholeSignIn(t, h).Tokens.SignOutHint
			h.Down(true)
			for _, hint := range []string{hint, ""} {
				to, err := out.EndSessionURL(t.Context(), hint)
				require.NoError(t, err)
				mustBeURLOrEmpty(t, to)
			}
		}},
	}
}

func mustBeURLOrEmpty(t testing.TB, text string) {
	t.Helper()
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	require.NoError(t, err)
	assert.True(t, u.IsAbs())
}

func refreshTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Refresh/gives a new token, again and again", refreshTwice},
		{"Refresh/an unknown refresh token", refreshNothing},
		{"Refresh/during an outage", refreshDown},
	}
}

func refreshRequest(h *providerTest, in ports.SignedIn) ports.RefreshRequest {
	return ports.RefreshRequest{
		RefreshToken: in.Tokens.RefreshToken,
		Scopes:       h.Scopes,
		Issuer:       in.Identity.Issuer,
		Subject:      in.Identity.Subject,
		Nonce:        in.Tokens.Nonce,
	}
}

func refreshTwice(t *testing.T, h *providerTest) {
	refresher, ok := h.Provider.(ports.TokenRefresher)
	if !ok {
		return
	}
	in := wholeSignIn(t, h, h.Scopes...)
	require.NotEmpty(t, in.Tokens.RefreshToken)
	req, last := refreshRequest(h, in), in.Tokens.AccessTokens[0].Value
	for range 2 {
		fresh, err := refresher.Refresh(t.Context(), req)
		require.NoError(t, err)
		require.NotEmpty(t, fresh.RefreshToken)
		assert.NotEqual(t, last, fresh.AccessToken.Value)
		assert.Equal(t, h.Scopes, fresh.AccessToken.Scopes)
		req.RefreshToken, last = fresh.RefreshToken, fresh.AccessToken.Value
	}
}

func refreshNothing(t *testing.T, h *providerTest) {
	refresher, ok := h.Provider.(ports.TokenRefresher)
	if !ok {
		return
	}
	req := refreshRequest(h, wholeSignIn(t, h, h.Scopes...))
	for _, token := range []string{"", "never-issued"} {
		req.RefreshToken = token
		fresh, err := refresher.Refresh(t.Context(), req)
		require.ErrorIs(t, err, ports.ErrInteractionRequired)
		assert.NotContains(t, err.Error(), "never-issued")
		assert.Zero(t, fresh)
	}
}

func refreshDown(t *testing.T, h *providerTest) {
	refresher, ok := h.Provider.(ports.TokenRefresher)
	if !ok {
		return
	}
	req := refreshRequest(h, wholeSignIn(t, h, h.Scopes...))
	h.Down(true)
	_, err := refresher.Refresh(t.Context(), req)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	assert.NotErrorIs(t, err, ports.ErrInteractionRequired)
}

func revocationTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Revocation/a revoked token is not refreshed", revocationWorks},
		{"Revocation/a token that is not valid", revocationOfNothing},
		{"Revocation/during an outage", revocationDown},
		{"Revocation/whether the provider can is known without a request", revocationKnown},
	}
}

// revocable returns the adapter and the refresh token of a sign-in. It returns nil if the
// provider revokes no tokens.
func revocable(t *testing.T, h *providerTest) (ports.TokenRevoker, string) {
	revoker, ok := h.Provider.(ports.TokenRevoker)
	if !ok {
		return nil, ""
	}
	in := wholeSignIn(t, h, h.Scopes...)
	if !revoker.RevokesTokens() {
		return nil, ""
	}
	require.NotEmpty(t, in.Tokens.RefreshToken)
	return revoker, in.Tokens.RefreshToken
}

func revocationWorks(t *testing.T, h *providerTest) {
	revoker, token := revocable(t, h)
	if revoker == nil {
		return
	}
	neighbour := wholeSignIn(t, h, h.Scopes...)
	before := len(h.network.made())
	require.NoError(t, revoker.RevokeToken(t.Context(), token))
	calls := h.network.made()[before:]
	assert.LessOrEqual(t, len(calls), 1, "one request")
	for _, one := range calls {
		assert.True(t, one.limited, "the context of the call has no deadline within %v", longestCall)
	}
	require.NoError(t, revoker.RevokeToken(t.Context(), token), "a repeated call")
	refresher, ok := h.Provider.(ports.TokenRefresher)
	if !ok {
		return
	}
	req := refreshRequest(h, neighbour)
	_, err := refresher.Refresh(t.Context(), req)
	require.NoError(t, err, "another sign-in's token stays valid")
	req.RefreshToken = token
	_, err = refresher.Refresh(t.Context(), req)
	require.ErrorIs(t, err, ports.ErrInteractionRequired)
}

func revocationOfNothing(t *testing.T, h *providerTest) {
	if revoker, _ := revocable(t, h); revoker != nil {
		assert.NoError(t, revoker.RevokeToken(t.Context(), "never-issued"), "RFC 7009, section 2.2")
	}
}

func revocationDown(t *testing.T, h *providerTest) {
	revoker, token := revocable(t, h)
	if revoker == nil {
		return
	}
	h.Down(true)
	err := revoker.RevokeToken(t.Context(), token)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	assert.NotContains(t, err.Error(), token)
	assert.True(t, revoker.RevokesTokens(), "the metadata are known")
	h.Down(false)
	if !h.InMemory {
		for _, f := range []fault{silent, lost, failing, endless, redirecting} {
			h.network.misbehave(f)
			err := revoker.RevokeToken(t.Context(), token)
			require.ErrorIs(t, err, ports.ErrProviderUnavailable)
			assert.NotContains(t, err.Error(), token)
		}
		for _, one := range h.network.made() {
			assert.NotEqual(t, elsewhere, one.host, "a redirect was followed")
			assert.Less(t, one.read, endlessBytes, "an answer of %s was read without limit", one.host)
		}
		h.network.misbehave(never)
	}
	require.NoError(t, revoker.RevokeToken(t.Context(), token))
}

func revocationKnown(t *testing.T, h *providerTest) {
	if revoker, ok := h.Provider.(ports.TokenRevoker); ok {
		revoker.RevokesTokens()
		assert.Empty(t, h.network.made(), "RevokesTokens makes no request")
	}
}

func readinessTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Ready/once the provider has answered, also later", func(t *testing.T, h *providerTest) {
			readiness, ok := h.Provider.(ports.ProviderReadiness)
			if !ok {
				return
			}
			require.NoError(t, readiness.Ready(t.Context()))
			h.Down(true)
			assert.NoError(t, readiness.Ready(t.Context()))
		}},
		{"Ready/not before", func(t *testing.T, h *providerTest) {
			readiness, ok := h.Provider.(ports.ProviderReadiness)
			if !ok {
				return
			}
			h.Down(true)
			require.ErrorIs(t, readiness.Ready(t.Context()), ports.ErrProviderUnavailable)
			h.Down(false)
			h.Advance(recovery)
			assert.NoError(t, readiness.Ready(t.Context()))
		}},
	}
}

func groupTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Groups/all of them", groupsAll},
		{"Groups/all of them or none", groupsNone},
	}
}

func groupsAll(t *testing.T, h *providerTest) {
	lookup, ok := h.Provider.(ports.GroupLookup)
	if !ok || h.Groups == nil {
		return
	}
	n, token := h.Groups(t)
	for range 2 {
		ids, err := lookup.MemberGroups(t.Context(), token)
		require.NoError(t, err)
		assert.Len(t, ids, n)
		seen := make(map[string]bool)
		for _, id := range ids {
			assert.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, id)
			assert.False(t, seen[id])
			seen[id] = true
		}
	}
}

func groupsNone(t *testing.T, h *providerTest) {
	lookup, ok := h.Provider.(ports.GroupLookup)
	if !ok || h.Groups == nil {
		return
	}
	_, token := h.Groups(t)
	for _, bad := range []string{"", "never-issued"} {
		ids, err := lookup.MemberGroups(t.Context(), bad)
		require.ErrorIs(t, err, ports.ErrInteractionRequired)
		assert.Nil(t, ids)
	}
	h.Down(true)
	ids, err := lookup.MemberGroups(t.Context(), token)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	assert.NotContains(t, err.Error(), token)
	assert.Nil(t, ids)
}

func adminConsentTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"AdminConsent/anybody can be given the address", func(t *testing.T, h *providerTest) {
			consent, ok := h.Provider.(ports.AdminConsentLinker)
			if !ok {
				return
			}
			h.Down(true)
			for _, tenant := range []string{"", "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301", "https://evil.example/?", "../common"} {
				to := consent.AdminConsentURL(h.Scopes, tenant)
				assert.Equal(t, to, consent.AdminConsentURL(h.Scopes, tenant), "the same address each time")
				mustBeURLOrEmpty(t, to)
				u, err := url.Parse(to)
				require.NoError(t, err)
				assert.NotContains(t, u.Query(), "state")
				assert.NotContains(t, to, "evil.example")
				assert.NotContains(t, to, "..")
			}
		}},
	}
}
