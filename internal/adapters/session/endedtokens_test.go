package session_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// endWithTokens ends the session of b in a new request.
func (w *world) endWithTokens(t *testing.T, b *browser) (ended []ports.EndedSession, err error) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) { ended, err = w.manager.End(ctx, true) })
	return ended, err
}

// once makes do run once, after the first call of this method for a key with this
// suffix.
func (w *world) once(method, suffix string, do func()) {
	w.store.SetLostResponse(func(c portstest.StoreCall) error {
		if c.Method == method && strings.HasSuffix(c.Key, suffix) {
			w.store.SetLostResponse(nil)
			do()
		}
		return nil
	})
}

func requireToken(t *testing.T, want string) func([]ports.EndedSession, error) {
	return func(ended []ports.EndedSession, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Len(t, ended, 1)
		require.Equal(t, want, ended[0].RefreshToken)
	}
}

func TestTokensAreReadOnlyIfTheyAreWanted(t *testing.T) {
	w := newWorld(t)
	for _, wanted := range []bool{false, true} {
		b := w.newBrowser()
		b.start(t)
		w.store.Calls()
		b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(w.manager.End(ctx, wanted))) })
		found := 0
		for _, c := range w.store.Calls() {
			if c.Method == "Find" && strings.HasSuffix(c.Key, ".tokens") {
				found++
			}
		}
		if wanted {
			require.Equal(t, 1, found)
		} else {
			require.Zero(t, found)
		}
	}
}

func TestUnreadableTokensPreventNoEnd(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	id := portstest.SampleSession(start).Identity
	w.failOn("Find", ".tokens", errors.New("connection reset"))
	requireToken(t, "")(w.endWithTokens(t, b))
	require.Zero(t, w.memory.Len())
	require.Empty(t, b.cookies)

	b.start(t)
	ended, err := w.manager.EndSessionsOf(t.Context(), id.Issuer, id.Subject, false, true)
	require.NoError(t, err)
	require.Equal(t, []ports.EndedSessions{{Identity: id, Live: 1}}, ended)
	require.Zero(t, w.memory.Len())
}

// If only the deletion of the tokens fails, End returns an error, and the refresh token.
func TestATokenIsReturnedBesideAnError(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	w.failOn("Delete", ".tokens", errors.New("connection reset"))
	ended, err := w.endWithTokens(t, b)
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	requireToken(t, "refresh-token")(ended, nil)
}

// A refresh stores new tokens after End has read the old ones.
func TestTheNewestTokenIsReturned(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	twin := b.copy()
	w.once("Find", ".tokens", func() {
		twin.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, w.manager.UpdateTokens(ctx, func(g *ports.Tokens) { g.RefreshToken = "rotated" }))
		})
	})
	requireToken(t, "rotated")(w.endWithTokens(t, b))
	require.Zero(t, w.memory.Len())
}

// A second End finds no session and deletes the tokens before the first one does.
func TestASecondEndTakesNoTokenAway(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	twin := b.copy()
	w.once("Delete", recordOf(b), func() {
		ended, err := w.endWithTokens(t, twin)
		require.NoError(t, err)
		require.Empty(t, ended)
	})
	requireToken(t, "refresh-token")(w.endWithTokens(t, b))
}

// The store keeps the tokens beyond the lifetime of the session only if the provider
// revokes tokens, also tokens that a refresh has stored.
func TestTokensOfAnExpiredSessionAreKept(t *testing.T) {
	for keeps, want := range map[bool]string{true: "rotated", false: ""} {
		w := newWorld(t, func(cfg *session.Config) { cfg.KeepsTokens = func() bool { return keeps } })
		n := portstest.SampleNew(start)
		n.Session.Expires = start.Add(12 * time.Hour)
		unrefreshed, b := w.newBrowser(), w.newBrowser()
		for _, one := range []*browser{unrefreshed, b} {
			one.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(w.manager.Start(ctx, n, false))) })
		}
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, w.manager.UpdateTokens(ctx, func(g *ports.Tokens) { g.RefreshToken = "rotated" }))
		})
		w.clock.Advance(12*time.Hour + session.ExpiredRetention - time.Minute)
		requireToken(t, want)(w.endWithTokens(t, b))
		if keeps {
			want = "refresh-token"
		}
		requireToken(t, want)(w.endWithTokens(t, unrefreshed))
	}
}
