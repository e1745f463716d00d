package portstest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func flowTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Flows/need no network", func(t *testing.T, h *providerTest) {
			flows, ok := h.Provider.(ports.ProviderFlows)
			if !ok {
				return
			}
			h.Down(true)
			assert.True(t, flows.HasFlow(ports.FlowSignIn))
			assert.False(t, flows.HasFlow("unknown"))
		}},
		{"Flows/name the same person as a sign-in", flowsSamePerson},
		{"Flows/are not taken for one another", flowsApart},
	}
}

// flowsOf returns the flows that the adapter has, the sign-in first, once the provider
// has responded.
func flowsOf(t testing.TB, h *providerTest) []ports.Flow {
	t.Helper()
	has := []ports.Flow{ports.FlowSignIn}
	flows, ok := h.Provider.(ports.ProviderFlows)
	if !ok {
		return has
	}
	wholeSignIn(t, h)
	for _, f := range []ports.Flow{ports.FlowSignUp, ports.FlowEditProfile, ports.FlowResetPassword} {
		if flows.HasFlow(f) {
			has = append(has, f)
		}
	}
	return has
}

func beginFlow(t testing.TB, h *providerTest, f ports.Flow) ports.Authorization {
	t.Helper()
	a, err := h.Provider.Begin(t.Context(), ports.AuthorizationRequest{State: suiteState, Flow: f})
	require.NoError(t, err)
	return a
}

func flowsSamePerson(t *testing.T, h *providerTest) {
	want := wholeSignIn(t, h).Identity
	for _, f := range flowsOf(t, h) {
		a := beginFlow(t, h, f)
		in, err := h.Provider.Complete(t.Context(), h.Approve(t, a.URL), a.Secret)
		require.NoError(t, err, f)
		assert.Equal(t, []string{want.Issuer, want.Subject}, []string{in.Identity.Issuer, in.Identity.Subject}, f)
	}
}

func flowsApart(t *testing.T, h *providerTest) {
	flows := flowsOf(t, h)
	for _, begun := range flows {
		for _, answered := range flows {
			if begun == answered {
				continue
			}
			mine, other := beginFlow(t, h, begun), beginFlow(t, h, answered)
			_, err := h.Provider.Complete(t.Context(), h.Approve(t, other.URL), mine.Secret)
			assert.Error(t, err, "the callback of flow %q completes flow %q", answered, begun)
		}
	}
}
