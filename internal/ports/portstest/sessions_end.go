package portstest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// end ends the session of b in a new request.
func end(t *testing.T, h SessionHarness, b Browser) (ended []ports.EndedSession) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		var err error
		ended, err = h.Sessions.End(ctx, false)
		require.NoError(t, err)
	})
	return ended
}

func requireOne(t *testing.T, want ports.Session, ended []ports.EndedSession) {
	t.Helper()
	require.Len(t, ended, 1)
	requireSameSession(t, want, ended[0].Session)
	require.Empty(t, ended[0].RefreshToken, "nobody asked for it")
}

func sessionsEndReturned(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	require.Empty(t, end(t, h, b))
	s := signIn(t, h, b)
	copied := b.Clone()
	requireOne(t, s, end(t, h, b))
	require.Empty(t, end(t, h, b), "ended already")
	require.Empty(t, end(t, h, copied))
	s = signIn(t, h, b)
	b.Do(t.Context(), func(ctx context.Context) {
		_, err := h.Sessions.Current(ctx)
		require.NoError(t, err)
		s.Seen, s.Expires = h.Now().Add(time.Second), h.Now().Add(2*time.Hour)
		require.NoError(t, h.Sessions.Touch(ctx, s.Seen, s.Expires))
		ended, err := h.Sessions.End(ctx, false)
		require.NoError(t, err)
		requireOne(t, s, ended)
	})
}

func sessionsStartReturned(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	start := func() (ended []ports.EndedSession) {
		b.Do(t.Context(), func(ctx context.Context) {
			var err error
			ended, err = h.Sessions.Start(ctx, SampleNew(h.Now()), false)
			require.NoError(t, err)
		})
		return ended
	}
	require.Empty(t, start(), "nobody was signed in")
	first := SampleSession(h.Now())
	h.Advance(time.Minute)
	requireOne(t, first, start())
	second := SampleSession(h.Now())
	h.Advance(time.Hour)
	requireOne(t, second, start())
	end(t, h, b)
	require.Empty(t, start(), "it had been ended")
}

// requireExpired requires, in a new request, that the session of b has expired.
func requireExpired(t *testing.T, h SessionHarness, b Browser, want ports.Session) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		for range 2 {
			got, err := h.Sessions.Current(ctx)
			require.ErrorIs(t, err, ports.ErrSessionExpired)
			require.ErrorIs(t, err, ports.ErrNoSession)
			requireSameSession(t, want, got)
		}
	})
}

// requireForgotten requires, in a new request, that the store has no session of b.
func requireForgotten(t *testing.T, h SessionHarness, b Browser) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		_, err := h.Sessions.Current(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession)
		require.NotErrorIs(t, err, ports.ErrSessionExpired)
	})
}

func sessionsExpiredKnown(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	copied := b.Clone()
	for _, wait := range []time.Duration{s.Expires.Sub(h.Now()), time.Hour, 10 * time.Hour} {
		h.Advance(wait)
		requireExpired(t, h, b, s)
		requireSignedOut(t, h, b)
		requireNoTokens(t, h, b)
	}
	requireOne(t, s, end(t, h, copied))
	require.Empty(t, end(t, h, b), "it is told of once")
	requireForgotten(t, h, b)
	requireForgotten(t, h, copied)
}

func sessionsExpiredInFlight(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	h.Advance(s.Expires.Sub(h.Now()) - time.Second)
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Current(slow)
		require.NoError(t, err)
		h.Advance(time.Second)
		_, err = h.Sessions.Current(slow)
		require.ErrorIs(t, err, ports.ErrSessionExpired)
		require.ErrorIs(t, h.Sessions.Touch(slow, h.Now(), h.Now().Add(time.Hour)), ports.ErrNoSession)
		require.ErrorIs(t, putTokens(slow, h, ports.Tokens{Nonce: "late"}), ports.ErrNoSession)
		_, err = h.Sessions.Tokens(slow)
		require.ErrorIs(t, err, ports.ErrNoSession)
		requireExpired(t, h, b, s)
		requireOne(t, s, end(t, h, b.Clone()))
		require.ErrorIs(t, h.Sessions.Touch(slow, h.Now(), h.Now().Add(time.Hour)), ports.ErrNoSession)
		require.ErrorIs(t, putTokens(slow, h, ports.Tokens{Nonce: "late"}), ports.ErrNoSession)
		ended, err := h.Sessions.End(slow, false)
		require.NoError(t, err)
		require.Empty(t, ended)
	})
	requireForgotten(t, h, b)
}

// endRace returns the number of sessions that eight concurrent calls of End return while
// the session is touched.
func endRace(t *testing.T, h SessionHarness, b Browser) int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	returned := 0
	for i := range 8 {
		twin := b.Clone()
		wg.Go(func() {
			twin.Do(t.Context(), func(ctx context.Context) {
				_, _ = h.Sessions.Current(ctx)
				if i%2 == 0 {
					_ = h.Sessions.Touch(ctx, h.Now(), h.Now().Add(time.Hour))
				}
				ended, err := h.Sessions.End(ctx, false)
				assert.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				returned += len(ended)
			})
		})
	}
	wg.Wait()
	return returned
}

func sessionsEndRace(t *testing.T, h SessionHarness) {
	for _, wait := range []time.Duration{0, time.Hour} {
		for range 5 {
			b := h.NewBrowser()
			signIn(t, h, b)
			h.Advance(wait)
			require.Equal(t, 1, endRace(t, h, b))
			requireForgotten(t, h, b)
		}
	}
}
