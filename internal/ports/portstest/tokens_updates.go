package portstest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// updaters is how many requests update the tokens at the same time.
const updaters = 12

func tokensUpdate(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	want := SampleTokens(h.Now())
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, h.Sessions.UpdateTokens(ctx, func(g *ports.Tokens) {
			assert.Equal(t, want.RefreshToken, g.RefreshToken)
			assert.Len(t, g.AccessTokens, len(want.AccessTokens))
			g.RefreshToken = "rotated"
		}))
		require.NoError(t, h.Sessions.UpdateTokens(ctx, func(g *ports.Tokens) { g.AccessTokens = g.AccessTokens[1:] }))
	})
	want.RefreshToken, want.AccessTokens = "rotated", want.AccessTokens[1:]
	requireTokens(t, h, b, want)
}

func tokensUpdateRace(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	requireEveryUpdate(t, h, b)
	b.Do(t.Context(), func(ctx context.Context) {
		g, err := h.Sessions.Tokens(ctx)
		require.NoError(t, err)
		require.Equal(t, SampleTokens(h.Now()).RefreshToken, g.RefreshToken)
	})
}

func tokensFirstUpdateRace(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now())}, false)))
	})
	requireEveryUpdate(t, h, b)
}

// requireEveryUpdate adds an access token in each of many concurrent requests, and
// requires that all are stored.
func requireEveryUpdate(t *testing.T, h SessionHarness, b Browser) {
	t.Helper()
	expires := SampleTokens(h.Now()).AccessTokens[0].Expires
	var wg sync.WaitGroup
	for i := range updaters {
		wg.Go(func() {
			b.Do(t.Context(), func(ctx context.Context) {
				assert.NoError(t, h.Sessions.UpdateTokens(ctx, func(g *ports.Tokens) {
					g.AccessTokens = append(g.AccessTokens, ports.AccessToken{Value: fmt.Sprint("token-", i), Scopes: []string{fmt.Sprint("scope-", i)}, Expires: expires})
				}))
			})
		})
	}
	wg.Wait()
	b.Do(t.Context(), func(ctx context.Context) {
		g, err := h.Sessions.Tokens(ctx)
		require.NoError(t, err)
		for i := range updaters {
			found := slices.DeleteFunc(slices.Clone(g.AccessTokens), func(t ports.AccessToken) bool {
				return t.Value != fmt.Sprint("token-", i)
			})
			require.Len(t, found, 1)
		}
	})
}

func tokensUpdateAgainstEnd(t *testing.T, h SessionHarness) {
	for _, n := range []ports.NewSession{SampleNew(h.Now()), {Session: SampleSession(h.Now())}} {
		b := h.NewBrowser()
		b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.Start(ctx, n, false))) })
		old := b.Clone()
		var wg sync.WaitGroup
		for range 6 {
			twin := b.Clone()
			wg.Go(func() {
				twin.Do(t.Context(), func(ctx context.Context) {
					err := h.Sessions.UpdateTokens(ctx, func(g *ports.Tokens) { g.RefreshToken += "x" })
					if err != nil {
						assert.ErrorIs(t, err, ports.ErrNoSession)
					}
				})
			})
		}
		wg.Go(func() {
			b.Do(t.Context(), func(ctx context.Context) { assert.NoError(t, failure(h.Sessions.End(ctx, false))) })
		})
		wg.Wait()
		requireNoTokens(t, h, old)
	}
}
