package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

const leaseTime = 30 * time.Second

// lease leases the refresh in a new request of b.
func lease(t *testing.T, h SessionHarness, b Browser) (release func(context.Context), err error) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		release, err = h.Sessions.LeaseRefresh(ctx, h.Now().Add(leaseTime))
	})
	return release, err
}

func requireLeased(t *testing.T, h SessionHarness, b Browser) {
	t.Helper()
	_, err := lease(t, h, b)
	require.ErrorIs(t, err, ports.ErrLeased)
}

func leaseExclusive(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	for range 3 {
		release, err := lease(t, h, b)
		require.NoError(t, err)
		requireLeased(t, h, b)
		requireLeased(t, h, b.Clone())
		release(t.Context())
		release(t.Context())
	}
	requireTokens(t, h, b, SampleTokens(h.Now()))
}

func leaseExpire(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	_, err := lease(t, h, b)
	require.NoError(t, err)
	h.Advance(leaseTime - time.Second)
	requireLeased(t, h, b)
	h.Advance(time.Second)
	_, err = lease(t, h, b)
	require.NoError(t, err, "the first request has crashed")
}

func leaseLateRelease(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	late, err := lease(t, h, b)
	require.NoError(t, err)
	h.Advance(leaseTime)
	release, err := lease(t, h, b)
	require.NoError(t, err)
	late(t.Context())
	requireLeased(t, h, b)
	release(t.Context())
	_, err = lease(t, h, b)
	require.NoError(t, err)
	late(t.Context())
	release(t.Context())
	requireLeased(t, h, b)
}

func leaseCancelled(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	release, err := lease(t, h, b)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	release(ctx)
	_, err = lease(t, h, b)
	require.NoError(t, err)
}

func leaseApart(t *testing.T, h SessionHarness) {
	one, two := h.NewBrowser(), h.NewBrowser()
	signIn(t, h, one)
	signIn(t, h, two)
	_, err := lease(t, h, one)
	require.NoError(t, err)
	_, err = lease(t, h, two)
	require.NoError(t, err)
	signIn(t, h, one)
	_, err = lease(t, h, one)
	require.NoError(t, err, "a new session has a lease of its own")
}

func leaseEnd(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	old := b.Clone()
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Current(slow)
		require.NoError(t, err)
		release, err := lease(t, h, b)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false))) })
		_, err = h.Sessions.LeaseRefresh(slow, h.Now().Add(leaseTime))
		require.ErrorIs(t, err, ports.ErrNoSession)
		release(t.Context())
	})
	requireNoTokens(t, h, old)
	signIn(t, h, b)
	_, err := lease(t, h, b)
	require.NoError(t, err)
}

func leaseRace(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	requireOneSucceeds(t, ports.ErrLeased, func(int) error {
		return inTwin(t, b, func(ctx context.Context) error {
			_, err := h.Sessions.LeaseRefresh(ctx, h.Now().Add(leaseTime))
			return err
		})
	})
}
