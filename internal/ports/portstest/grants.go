package portstest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// SessionTokens checks an adapter against the contract of ports.SessionTokens.
func SessionTokens(t *testing.T, newHarness func(t *testing.T) SessionHarness) {
	runAll(t, newHarness, []named[SessionHarness]{
		{"claims come back", claimsRoundTrip},
		{"claims end with the session", claimsEnd},
		{"an update sees what is there", grantsUpdate},
		{"updates at the same time lose nothing", grantsUpdateRace},
		{"first updates at the same time", grantsFirstUpdateRace},
		{"an update beside the end", grantsUpdateAgainstEnd},
		{"a lease is held by one", leaseExclusive},
		{"a lease runs out", leaseExpire},
		{"a late release takes nothing away", leaseLateRelease},
		{"a release after the request was given up", leaseCancelled},
		{"a lease belongs to one session", leaseApart},
		{"a lease and the end of its session", leaseEnd},
		{"one of many gets the lease", leaseRace},
		{"a context without browser", grantsNoBrowser},
		{"a browser without session", grantsNoSession},
		{"every field comes back", grantsRoundTrip},
		{"a saved grant replaces the old one", grantsSave},
		{"a grant that was empty", grantsFromEmpty},
		{"a new sign-in has its own grant", grantsRenewed},
		{"the end of the session ends its grant", grantsEnd},
		{"a save in flight writes no grant back", grantsSaveInFlight},
		{"a first save in flight writes none back", grantsFirstSaveInFlight},
		{"a grant does not outlive the session", grantsExpire},
		{"the store is down", grantsDown},
		{"grants large enough for many permissions", grantsLarge},
	})
}

// putTokens puts g in the place of what is there.
func putTokens(ctx context.Context, h SessionHarness, g ports.Tokens) error {
	return h.Sessions.UpdateTokens(ctx, func(old *ports.Tokens) { *old = g })
}

// requireGrant asks in a new request.
func requireGrant(t *testing.T, h SessionHarness, b Browser, want ports.Tokens) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		got, err := h.Sessions.Tokens(ctx)
		require.NoError(t, err)
		require.Len(t, got.AccessTokens, len(want.AccessTokens))
		for i, token := range got.AccessTokens {
			require.True(t, want.AccessTokens[i].Expires.Equal(token.Expires))
			got.AccessTokens[i].Expires = want.AccessTokens[i].Expires
		}
		require.Equal(t, want, got)
	})
}

// requireNoGrant asks in a new request.
func requireNoGrant(t *testing.T, h SessionHarness, b Browser) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		_, err := h.Sessions.Tokens(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession)
		require.ErrorIs(t, putTokens(ctx, h, SampleTokens(h.Now())), ports.ErrNoSession)
		_, err = h.Sessions.Claims(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession)
		_, err = h.Sessions.LeaseRefresh(ctx, h.Now().Add(time.Minute))
		require.ErrorIs(t, err, ports.ErrNoSession)
	})
}

func grantsNoBrowser(t *testing.T, h SessionHarness) {
	_, err := h.Sessions.Tokens(t.Context())
	require.ErrorIs(t, err, ports.ErrNoBrowser)
	_, err = h.Sessions.Claims(t.Context())
	require.ErrorIs(t, err, ports.ErrNoBrowser)
	_, err = h.Sessions.LeaseRefresh(t.Context(), h.Now().Add(time.Minute))
	require.ErrorIs(t, err, ports.ErrNoBrowser)
	require.ErrorIs(t, putTokens(t.Context(), h, ports.Tokens{}), ports.ErrNoBrowser)
}

func grantsNoSession(t *testing.T, h SessionHarness) {
	requireNoGrant(t, h, h.NewBrowser())
}

func grantsRoundTrip(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	requireGrant(t, h, b, SampleTokens(h.Now()))
}

func grantsSave(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	g := SampleTokens(h.Now())
	g.RefreshToken, g.AccessTokens = "rotated", g.AccessTokens[:1]
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, putTokens(ctx, h, g)) })
	requireGrant(t, h, b, g)
	requireSession(t, h, b, s)
}

func grantsFromEmpty(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now())})))
	})
	requireGrant(t, h, b, ports.Tokens{})
	g := SampleTokens(h.Now())
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, putTokens(ctx, h, g)) })
	requireGrant(t, h, b, g)
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx))) })
	requireNoGrant(t, h, b)
}

func grantsRenewed(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	old := b.Clone()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now()), Tokens: ports.Tokens{Nonce: "second"}})))
	})
	requireGrant(t, h, b, ports.Tokens{Nonce: "second"})
	requireNoGrant(t, h, old)
}

func grantsEnd(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	old := b.Clone()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.End(ctx)))
		_, err := h.Sessions.Tokens(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession, "within the request that ended it")
	})
	requireNoGrant(t, h, b)
	requireNoGrant(t, h, old)
}

func grantsSaveInFlight(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	old := b.Clone()
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Tokens(slow)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx))) })
		require.ErrorIs(t, putTokens(slow, h, SampleTokens(h.Now())), ports.ErrNoSession)
	})
	requireNoGrant(t, h, b)
	requireNoGrant(t, h, old)
}

func grantsFirstSaveInFlight(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now())})))
	})
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Tokens(slow)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx))) })
		require.ErrorIs(t, putTokens(slow, h, SampleTokens(h.Now())), ports.ErrNoSession)
	})
	requireNoGrant(t, h, b)
}

func grantsExpire(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	h.Advance(2 * time.Hour)
	requireNoGrant(t, h, b)
}

func grantsDown(t *testing.T, h SessionHarness) {
	if h.Down == nil {
		return
	}
	b := h.NewBrowser()
	signIn(t, h, b)
	b.Do(t.Context(), func(ctx context.Context) {
		_, err := h.Sessions.Current(ctx)
		require.NoError(t, err)
		h.Down(true)
		_, err = h.Sessions.Tokens(ctx)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		require.ErrorIs(t, putTokens(ctx, h, ports.Tokens{}), ports.ErrStoreUnavailable)
		_, err = h.Sessions.Claims(ctx)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		_, err = h.Sessions.LeaseRefresh(ctx, h.Now().Add(time.Minute))
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		h.Down(false)
	})
	requireGrant(t, h, b, SampleTokens(h.Now()))
}

func grantsLarge(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	g := SampleTokens(h.Now())
	for i := range g.AccessTokens {
		g.AccessTokens[i].Value = strings.Repeat("x", 20_000)
	}
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, putTokens(ctx, h, g)) })
	requireGrant(t, h, b, g)
}
