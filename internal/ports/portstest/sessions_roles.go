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

func sessionsRoles(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	for _, roles := range [][]string{{"Reader"}, {"Reader"}, nil, {"Admin", "Reader"}} {
		s.Identity.Roles = roles
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, h.Sessions.UpdateRoles(ctx, roles))
			got, err := h.Sessions.Current(ctx)
			require.NoError(t, err)
			requireSameSession(t, s, got)
			s.Seen, s.Expires = h.Now(), h.Now().Add(time.Hour)
			require.NoError(t, h.Sessions.Touch(ctx, s.Seen, s.Expires), "in the same request")
		})
		requireSession(t, h, b, s)
	}
}

// sessionsRolesTouched checks two requests that both read the session before one of
// them writes it.
func sessionsRolesTouched(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	h.Advance(time.Minute)
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Current(slow)
		require.NoError(t, err)
		s.Identity.Roles = []string{"Reader"}
		b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, h.Sessions.UpdateRoles(ctx, s.Identity.Roles)) })
		require.NoError(t, h.Sessions.Touch(slow, h.Now(), h.Now().Add(time.Hour)))
	})
	b.Do(t.Context(), func(ctx context.Context) {
		got, err := h.Sessions.Current(ctx)
		require.NoError(t, err)
		require.Equal(t, s.Identity, got.Identity, "a touch in flight brings no old roles back")
	})
	s.Seen, s.Expires = h.Now(), h.Now().Add(time.Hour)
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Current(slow)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, h.Sessions.Touch(ctx, s.Seen, s.Expires)) })
		s.Identity.Roles = nil
		require.NoError(t, h.Sessions.UpdateRoles(slow, nil))
	})
	requireSession(t, h, b, s)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			b.Do(t.Context(), func(ctx context.Context) {
				assert.NoError(t, h.Sessions.UpdateRoles(ctx, []string{"Admin"}))
				assert.NoError(t, h.Sessions.Touch(ctx, s.Seen, s.Expires))
			})
		})
	}
	wg.Wait()
	s.Identity.Roles = []string{"Admin"}
	requireSession(t, h, b, s)
}

// sessionsRolesEnded checks that UpdateRoles keeps the indexes and revives no session.
func sessionsRolesEnded(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Current(slow)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, h.Sessions.UpdateRoles(ctx, []string{"Reader"}))
			ended, err := h.Sessions.EndSessionsOf(ctx, s.Identity.Issuer, s.Identity.Subject, false, false)
			require.NoError(t, err)
			require.Len(t, ended, 1, "the indexes are kept")
		})
		require.ErrorIs(t, h.Sessions.UpdateRoles(slow, []string{"Admin"}), ports.ErrNoSession)
		_, err = h.Sessions.Current(slow)
		require.ErrorIs(t, err, ports.ErrNoSession, "and the slow request knows it now")
	})
	requireSignedOut(t, h, b)
	s = signIn(t, h, b)
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Current(slow)
		require.NoError(t, err)
		h.Advance(s.Expires.Sub(h.Now()))
		require.ErrorIs(t, h.Sessions.UpdateRoles(slow, []string{"Admin"}), ports.ErrNoSession)
	})
	h.NewBrowser().Do(t.Context(), func(ctx context.Context) {
		require.ErrorIs(t, h.Sessions.UpdateRoles(ctx, []string{"Admin"}), ports.ErrNoSession)
	})
	require.ErrorIs(t, h.Sessions.UpdateRoles(t.Context(), nil), ports.ErrNoBrowser)
	if h.Down == nil {
		return
	}
	s = signIn(t, h, b)
	h.Down(true)
	b.Do(t.Context(), func(ctx context.Context) {
		require.ErrorIs(t, h.Sessions.UpdateRoles(ctx, nil), ports.ErrStoreUnavailable)
	})
	h.Down(false)
	requireSession(t, h, b, s)
}
