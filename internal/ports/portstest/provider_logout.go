package portstest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func logoutTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Logout token/names who signed out", logoutSays},
		{"Logout token/what is missing or wrong", logoutRefusals},
		{"Logout token/is valid for at most a day", logoutAges},
		{"Logout token/needs the keys once", logoutDown},
		{"Logout token/can be verified again", logoutAgain},
	}
}

// logoutOf returns the adapter's ability, or nil without one.
func logoutOf(h *providerTest) ports.LogoutTokenVerifier {
	ability, ok := h.Provider.(ports.LogoutTokenVerifier)
	if !ok || h.SignLogout == nil {
		return nil
	}
	return ability
}

func sampleLogout() ports.LogoutToken {
	return ports.LogoutToken{ID: "logout-1", Subject: "subject-1", ProviderSession: "session-1"}
}

func logoutSays(t *testing.T, h *providerTest) {
	ability := logoutOf(h)
	if ability == nil {
		return
	}
	issuer := wholeSignIn(t, h).Identity.Issuer
	for _, says := range []ports.LogoutToken{
		sampleLogout(), {ID: "2", Subject: "subject-1"}, {ID: "3", ProviderSession: "session-1"},
	} {
		got, err := ability.VerifyLogoutToken(t.Context(), h.SignLogout(t, says))
		require.NoError(t, err)
		assert.False(t, got.Expires.IsZero())
		says.Issuer, says.Expires = issuer, got.Expires
		assert.Equal(t, says, got)
	}
}

func logoutRefusals(t *testing.T, h *providerTest) {
	ability := logoutOf(h)
	if ability == nil {
		return
	}
	good := h.SignLogout(t, sampleLogout())
	for name, token := range map[string]string{
		"nothing": "", "no token": "x", "two dots": "..", "cut": good[:len(good)-2], "something more": good + ".x",
		"no ID":      h.SignLogout(t, ports.LogoutToken{Subject: "s"}),
		"of nobody":  h.SignLogout(t, ports.LogoutToken{ID: "1"}),
		"an address": "adele@contoso.example",
	} {
		got, err := ability.VerifyLogoutToken(t.Context(), token)
		require.ErrorIs(t, err, ports.ErrTokenRefused, name)
		assert.NotContains(t, err.Error(), "adele")
		assert.Zero(t, got)
	}
	_, err := ability.VerifyLogoutToken(t.Context(), good)
	require.NoError(t, err)
}

func logoutAges(t *testing.T, h *providerTest) {
	ability := logoutOf(h)
	if ability == nil {
		return
	}
	token := h.SignLogout(t, sampleLogout())
	got, err := ability.VerifyLogoutToken(t.Context(), token)
	require.NoError(t, err)
	h.Advance(25 * time.Hour)
	_, err = ability.VerifyLogoutToken(t.Context(), token)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	h.Advance(-25 * time.Hour)
	again, err := ability.VerifyLogoutToken(t.Context(), token)
	require.NoError(t, err)
	assert.Equal(t, got.Expires, again.Expires)
}

func logoutDown(t *testing.T, h *providerTest) {
	ability := logoutOf(h)
	if ability == nil {
		return
	}
	token := h.SignLogout(t, sampleLogout())
	h.Down(true)
	_, err := ability.VerifyLogoutToken(t.Context(), token)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	assert.NotErrorIs(t, err, ports.ErrTokenRefused)
	h.Down(false)
	h.Advance(recovery)
	token = h.SignLogout(t, sampleLogout())
	_, err = ability.VerifyLogoutToken(t.Context(), token)
	require.NoError(t, err)
	h.Down(true)
	_, err = ability.VerifyLogoutToken(t.Context(), token)
	assert.NoError(t, err, "the keys are cached")
}

// logoutAgain verifies a token twice. Both calls succeed. The caller refuses the
// second use, because an adapter cannot know what other instances have verified.
func logoutAgain(t *testing.T, h *providerTest) {
	ability := logoutOf(h)
	if ability == nil {
		return
	}
	token := h.SignLogout(t, sampleLogout())
	for range 2 {
		_, err := ability.VerifyLogoutToken(t.Context(), token)
		require.NoError(t, err)
	}
}
