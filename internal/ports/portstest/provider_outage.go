package portstest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func outageTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Outage/at the first sign-in, and after it", outageAtStart},
		{"Outage/while the person is at the provider", outageAtCallback},
		{"Outage/a caller that has gone waits no more", outageGone},
	}
}

func outageAtStart(t *testing.T, h *providerTest) {
	h.Down(true)
	_, err := h.Provider.Begin(t.Context(), ports.AuthorizationRequest{State: suiteState})
	if !h.BeginsAlone {
		require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	}
	h.Down(false)
	h.Advance(recovery)
	wholeSignIn(t, h)
}

func outageAtCallback(t *testing.T, h *providerTest) {
	a := beginSignIn(t, h)
	cb := h.Approve(t, a.URL)
	h.Down(true)
	err := refusedBy(t, h, cb, a.Secret)
	assert.ErrorIs(t, err, ports.ErrProviderUnavailable)
	assert.NotErrorIs(t, err, ports.ErrTokenRefused)
	h.Down(false)
	h.Advance(recovery)
	wholeSignIn(t, h)
}

func outageGone(t *testing.T, h *providerTest) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	a := beginSignIn(t, h)
	_, err := h.Provider.Complete(gone, h.Approve(t, a.URL), a.Secret)
	assert.ErrorIs(t, err, ports.ErrProviderUnavailable)
}
