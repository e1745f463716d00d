package portstest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// requireClaims asks in a new request.
func requireClaims(t *testing.T, h SessionHarness, b Browser, want []ports.Claim) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		got, err := h.Sessions.Claims(ctx)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func claimsRoundTrip(t *testing.T, h SessionHarness) {
	b, bare := h.NewBrowser(), h.NewBrowser()
	signIn(t, h, b)
	requireClaims(t, h, b, SampleClaims())
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, putTokens(ctx, h, ports.Tokens{}))
		require.NoError(t, h.Sessions.Touch(ctx, h.Now(), SampleSession(h.Now()).Expires))
	})
	requireClaims(t, h, b, SampleClaims())
	bare.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now())})))
		got, err := h.Sessions.Claims(ctx)
		require.NoError(t, err)
		require.Empty(t, got)
	})
}

func claimsEnd(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	old := b.Clone()
	second := []ports.Claim{{Name: "name", Value: "Second"}}
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Current(slow)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now()), Claims: second})))
		})
		_, err = h.Sessions.Claims(slow)
		require.ErrorIs(t, err, ports.ErrNoSession, "the session of the slow request has been replaced")
		_, err = h.Sessions.Tokens(slow)
		require.ErrorIs(t, err, ports.ErrNoSession)
	})
	requireClaims(t, h, b, second)
	requireNoGrant(t, h, old)
}
