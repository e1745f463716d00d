package portstest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// SessionTokens tests an adapter against the contract of ports.SessionTokens.
func SessionTokens(t *testing.T, newHarness func(t *testing.T) SessionHarness) {
	runAll(t, newHarness, []named[SessionHarness]{
		{"claims come back", claimsRoundTrip},
		{"claims end with the session", claimsEnd},
		{"an update gets the current tokens", tokensUpdate},
		{"updates at the same time lose nothing", tokensUpdateRace},
		{"first updates at the same time", tokensFirstUpdateRace},
		{"an update beside the end", tokensUpdateAgainstEnd},
		{"one request has the lease", leaseExclusive},
		{"a lease expires", leaseExpire},
		{"a late release takes nothing away", leaseLateRelease},
		{"a release after the request was given up", leaseCancelled},
		{"a lease belongs to one session", leaseApart},
		{"a lease and the end of its session", leaseEnd},
		{"one of many gets the lease", leaseRace},
		{"a context without a browser", tokensNoBrowser},
		{"a browser without a session", tokensNoSession},
		{"every field comes back", tokensRoundTrip},
		{"saved tokens replace the old ones", tokensSave},
		{"tokens that were empty", tokensFromEmpty},
		{"a new sign-in has its own tokens", tokensRenewed},
		{"the tokens end with the session", tokensEnd},
		{"a save in flight writes no tokens back", tokensSaveInFlight},
		{"a first save in flight writes none back", tokensFirstSaveInFlight},
		{"the tokens expire with the session", tokensExpire},
		{"the store is down", tokensDown},
		{"tokens large enough for many permissions", tokensLarge},
	})
}

// putTokens replaces the session's tokens.
func putTokens(ctx context.Context, h SessionHarness, g ports.Tokens) error {
	return h.Sessions.UpdateTokens(ctx, func(old *ports.Tokens) { *old = g })
}

// requireTokens requires, in a new request, that b has the tokens want.
func requireTokens(t *testing.T, h SessionHarness, b Browser, want ports.Tokens) {
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
		groups, err := h.Sessions.Groups(ctx)
		require.NoError(t, err)
		require.Equal(t, want.Groups, groups)
	})
}

// requireNoTokens requires, in a new request, that b has no session with tokens.
func requireNoTokens(t *testing.T, h SessionHarness, b Browser) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		_, err := h.Sessions.Tokens(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession)
		_, err = h.Sessions.Groups(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession)
		require.ErrorIs(t, putTokens(ctx, h, SampleTokens(h.Now())), ports.ErrNoSession)
		_, err = h.Sessions.Claims(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession)
		_, err = h.Sessions.LeaseRefresh(ctx, h.Now().Add(time.Minute))
		require.ErrorIs(t, err, ports.ErrNoSession)
	})
}

func tokensNoBrowser(t *testing.T, h SessionHarness) {
	_, err := h.Sessions.Tokens(t.Context())
	require.ErrorIs(t, err, ports.ErrNoBrowser)
	_, err = h.Sessions.Groups(t.Context())
	require.ErrorIs(t, err, ports.ErrNoBrowser)
	_, err = h.Sessions.Claims(t.Context())
	require.ErrorIs(t, err, ports.ErrNoBrowser)
	_, err = h.Sessions.LeaseRefresh(t.Context(), h.Now().Add(time.Minute))
	require.ErrorIs(t, err, ports.ErrNoBrowser)
	require.ErrorIs(t, putTokens(t.Context(), h, ports.Tokens{}), ports.ErrNoBrowser)
}

func tokensNoSession(t *testing.T, h SessionHarness) {
	requireNoTokens(t, h, h.NewBrowser())
}

func tokensRoundTrip(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	requireTokens(t, h, b, SampleTokens(h.Now()))
}

func tokensSave(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	g := SampleTokens(h.Now())
	g.RefreshToken, g.AccessTokens = "rotated", g.AccessTokens[:1]
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, putTokens(ctx, h, g)) })
	requireTokens(t, h, b, g)
	requireSession(t, h, b, s)
}

func tokensFromEmpty(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now())}, false)))
	})
	requireTokens(t, h, b, ports.Tokens{})
	g := SampleTokens(h.Now())
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, putTokens(ctx, h, g)) })
	requireTokens(t, h, b, g)
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false))) })
	requireNoTokens(t, h, b)
}

func tokensRenewed(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	old := b.Clone()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now()), Tokens: ports.Tokens{Nonce: "second"}}, false)))
	})
	requireTokens(t, h, b, ports.Tokens{Nonce: "second"})
	requireNoTokens(t, h, old)
}

func tokensEnd(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	old := b.Clone()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.End(ctx, false)))
		_, err := h.Sessions.Tokens(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession, "within the request that ended it")
	})
	requireNoTokens(t, h, b)
	requireNoTokens(t, h, old)
}

func tokensSaveInFlight(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	old := b.Clone()
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Tokens(slow)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false))) })
		require.ErrorIs(t, putTokens(slow, h, SampleTokens(h.Now())), ports.ErrNoSession)
	})
	requireNoTokens(t, h, b)
	requireNoTokens(t, h, old)
}

func tokensFirstSaveInFlight(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now())}, false)))
	})
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Tokens(slow)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false))) })
		require.ErrorIs(t, putTokens(slow, h, SampleTokens(h.Now())), ports.ErrNoSession)
	})
	requireNoTokens(t, h, b)
}

func tokensExpire(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	h.Advance(2 * time.Hour)
	requireNoTokens(t, h, b)
}

func tokensDown(t *testing.T, h SessionHarness) {
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
	requireTokens(t, h, b, SampleTokens(h.Now()))
}

func tokensLarge(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	g := SampleTokens(h.Now())
	for i := range g.AccessTokens {
		g.AccessTokens[i].Value = strings.Repeat("x", 20_000)
	}
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, putTokens(ctx, h, g)) })
	requireTokens(t, h, b, g)
}

// requireClaims requires, in a new request, that b has the claims want.
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
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now())}, false)))
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
			require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now()), Claims: second}, false)))
		})
		_, err = h.Sessions.Claims(slow)
		require.ErrorIs(t, err, ports.ErrNoSession, "the session of the slow request has been replaced")
		_, err = h.Sessions.Tokens(slow)
		require.ErrorIs(t, err, ports.ErrNoSession)
	})
	requireClaims(t, h, b, second)
	requireNoTokens(t, h, old)
}
