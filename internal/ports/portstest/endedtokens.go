package portstest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// rotate replaces the refresh token of the session of b in a new request.
func rotate(t *testing.T, h SessionHarness, b Browser, refreshToken string) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, h.Sessions.UpdateTokens(ctx, func(tokens *ports.Tokens) { tokens.RefreshToken = refreshToken }))
	})
}

// endWithTokens ends the session of b in a new request and returns the refresh tokens.
func endWithTokens(t *testing.T, h SessionHarness, b Browser) (tokens []string) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		ended, err := h.Sessions.End(ctx, true)
		require.NoError(t, err)
		for _, one := range ended {
			tokens = append(tokens, one.RefreshToken)
		}
	})
	return tokens
}

func sessionsEndToken(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	rotate(t, h, b, "rotated")
	require.Equal(t, []string{"rotated"}, endWithTokens(t, h, b))
	require.Empty(t, endWithTokens(t, h, b), "ended already")

	signIn(t, h, b)
	h.Advance(s.Expires.Sub(s.Started))
	require.Equal(t, []string{"refresh-token"}, endWithTokens(t, h, b), "of an expired session")

	for name, tokens := range map[string]ports.Tokens{"no tokens": {}, "no refresh token": {Nonce: "nonce"}} {
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now()), Tokens: tokens}, false)))
		})
		require.Equal(t, []string{""}, endWithTokens(t, h, b), name)
	}
}

func sessionsStartToken(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	start := func() (ended []ports.EndedSession) {
		b.Do(t.Context(), func(ctx context.Context) {
			var err error
			ended, err = h.Sessions.Start(ctx, SampleNew(h.Now()), true)
			require.NoError(t, err)
		})
		return ended
	}
	require.Empty(t, start(), "nobody was signed in")
	rotate(t, h, b, "rotated")
	former := start()
	require.Len(t, former, 1)
	require.Equal(t, "rotated", former[0].RefreshToken)
	requireTokens(t, h, b, SampleTokens(h.Now()))
}

func sessionsEndTokenDown(t *testing.T, h SessionHarness) {
	if h.Down == nil {
		return
	}
	b := h.NewBrowser()
	s := signIn(t, h, b)
	h.Down(true)
	b.Do(t.Context(), func(ctx context.Context) {
		ended, err := h.Sessions.End(ctx, true)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		require.Empty(t, ended)
	})
	h.Down(false)
	requireSession(t, h, b, s)
	require.Equal(t, []string{"refresh-token"}, endWithTokens(t, h, b))
}

// sessionsEndTokenRace checks that of several concurrent calls only the one that ends the
// session returns its refresh token.
func sessionsEndTokenRace(t *testing.T, h SessionHarness) {
	for range 5 {
		b := h.NewBrowser()
		signIn(t, h, b)
		var mu sync.Mutex
		var wg sync.WaitGroup
		var tokens []string
		for range 8 {
			twin := b.Clone()
			wg.Go(func() {
				taken := endWithTokens(t, h, twin)
				mu.Lock()
				defer mu.Unlock()
				tokens = append(tokens, taken...)
			})
		}
		wg.Wait()
		require.Equal(t, []string{"refresh-token"}, tokens)
	}
}

// sessionsEndTokenAgainstUpdates checks that End returns the token of the last update
// that succeeded.
func sessionsEndTokenAgainstUpdates(t *testing.T, h SessionHarness) {
	for range 5 {
		b := h.NewBrowser()
		signIn(t, h, b)
		var wg sync.WaitGroup
		var stored atomic.Int32
		for range 6 {
			twin := b.Clone()
			wg.Go(func() {
				twin.Do(t.Context(), func(ctx context.Context) {
					err := h.Sessions.UpdateTokens(ctx, func(tokens *ports.Tokens) { tokens.RefreshToken += "x" })
					if err == nil {
						stored.Add(1)
						return
					}
					assert.ErrorIs(t, err, ports.ErrNoSession)
				})
			})
		}
		var tokens []string
		wg.Go(func() { tokens = endWithTokens(t, h, b) })
		wg.Wait()
		require.Equal(t, []string{"refresh-token" + strings.Repeat("x", int(stored.Load()))}, tokens)
	}
}

// directoryWays returns the methods of SessionDirectory that end a person's sessions and
// return tokens, by name. The person belongs to issuer one. id is the ID of one session.
func directoryWays(t *testing.T, h SessionHarness, sid string) map[string]func(id string) ([]ports.EndedSessions, error) {
	return map[string]func(id string) ([]ports.EndedSessions, error){
		"EndSession": func(id string) ([]ports.EndedSessions, error) {
			return h.Sessions.EndSession(t.Context(), "https://one.example", "anna", id, true)
		},
		"EndSessionsOf": func(string) ([]ports.EndedSessions, error) {
			return h.Sessions.EndSessionsOf(t.Context(), "https://one.example", "anna", false, true)
		},
		"EndProviderSession": func(string) ([]ports.EndedSessions, error) {
			return h.Sessions.EndProviderSession(t.Context(), "", "", sid, true)
		},
	}
}

func directoryTokens(t *testing.T, h SessionHarness) {
	signInAs(t, h, person(h, "one", "bert", "another sid"))
	for name, way := range directoryWays(t, h, "sid") {
		for _, expired := range []bool{false, true} {
			s := person(h, "one", "anna", "sid")
			b := signInAs(t, h, s)
			rotate(t, h, b, "rotated")
			id, want := listed(t, h, b, s)[0].ID, ports.EndedSessions{Identity: s.Identity, Live: 1, RefreshTokens: []string{"rotated"}}
			if expired {
				h.Advance(s.Expires.Sub(h.Now()))
				want.Live, want.Expired = 0, 1
			}
			ended, err := way(id)
			require.NoError(t, err)
			require.Equal(t, []ports.EndedSessions{want}, ended, name)
			ended, err = way(id)
			require.NoError(t, err)
			require.Empty(t, ended, name)
		}
	}
}

// directoryTokensRace checks that of several concurrent calls exactly one returns each
// refresh token.
func directoryTokensRace(t *testing.T, h SessionHarness) {
	var want []string
	var browsers []Browser
	for i := range 6 {
		browsers = append(browsers, signInAs(t, h, person(h, "one", "anna", "sid")))
		want = append(want, fmt.Sprint("token ", i))
		rotate(t, h, browsers[i], want[i])
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var tokens []string
	add := func(more []string) {
		mu.Lock()
		defer mu.Unlock()
		tokens = append(tokens, more...)
	}
	for _, way := range directoryWays(t, h, "sid") {
		wg.Go(func() {
			ended, err := way("")
			assert.NoError(t, err)
			for _, one := range ended {
				add(one.RefreshTokens)
			}
		})
	}
	for _, b := range browsers[:2] {
		wg.Go(func() { add(endWithTokens(t, h, b)) })
	}
	wg.Wait()
	slices.Sort(tokens)
	require.Equal(t, want, tokens)
}

func directoryTokensBounded(t *testing.T, h SessionHarness) {
	for i := range ports.MaxEndedTokens + 3 {
		signInAs(t, h, person(h, "one", fmt.Sprint("person ", i), "sid"))
	}
	ended, err := h.Sessions.EndProviderSession(t.Context(), "", "", "sid", true)
	require.NoError(t, err)
	live, tokens := 0, 0
	for _, one := range ended {
		live += one.Live
		tokens += len(one.RefreshTokens)
	}
	require.Equal(t, ports.MaxEndedTokens+3, live)
	require.Equal(t, ports.MaxEndedTokens, tokens)
}
