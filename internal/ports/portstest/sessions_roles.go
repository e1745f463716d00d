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
	for _, c := range []struct{ roles, groups []string }{
		{[]string{"Reader"}, s.Groups},
		{[]string{"Reader"}, []string{"5b3f6c1e-90d7-4f28-8a6b-e1c04d7295fa"}},
		{[]string{"Reader"}, []string{}},
		{[]string{"Reader"}, nil},
		{nil, []string{}},
		{[]string{"Admin", "Reader"}, []string{"no GUID"}},
	} {
		s.Identity.Roles, s.Groups = c.roles, c.groups
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, h.Sessions.UpdateMemberships(ctx, c.roles, c.groups))
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
		s.Identity.Roles, s.Groups = []string{"Reader"}, nil
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, h.Sessions.UpdateMemberships(ctx, s.Identity.Roles, nil))
		})
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
		require.NoError(t, h.Sessions.UpdateMemberships(slow, nil, nil))
	})
	requireSession(t, h, b, s)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			b.Do(t.Context(), func(ctx context.Context) {
				assert.NoError(t, h.Sessions.UpdateMemberships(ctx, []string{"Admin"}, nil))
				assert.NoError(t, h.Sessions.Touch(ctx, s.Seen, s.Expires))
			})
		})
	}
	wg.Wait()
	s.Identity.Roles = []string{"Admin"}
	requireSession(t, h, b, s)
}

// sessionsRolesEnded checks that UpdateMemberships keeps the indexes and revives no session.
func sessionsRolesEnded(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Current(slow)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, h.Sessions.UpdateMemberships(ctx, []string{"Reader"}, nil))
			ended, err := h.Sessions.EndSessionsOf(ctx, s.Identity.Issuer, s.Identity.Subject, false, false)
			require.NoError(t, err)
			require.Len(t, ended, 1, "the indexes are kept")
		})
		require.ErrorIs(t, h.Sessions.UpdateMemberships(slow, []string{"Admin"}, nil), ports.ErrNoSession)
		_, err = h.Sessions.Current(slow)
		require.ErrorIs(t, err, ports.ErrNoSession, "and the slow request knows it now")
	})
	requireSignedOut(t, h, b)
	s = signIn(t, h, b)
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Current(slow)
		require.NoError(t, err)
		h.Advance(s.Expires.Sub(h.Now()))
		require.ErrorIs(t, h.Sessions.UpdateMemberships(slow, []string{"Admin"}, nil), ports.ErrNoSession)
	})
	h.NewBrowser().Do(t.Context(), func(ctx context.Context) {
		require.ErrorIs(t, h.Sessions.UpdateMemberships(ctx, []string{"Admin"}, nil), ports.ErrNoSession)
	})
	require.ErrorIs(t, h.Sessions.UpdateMemberships(t.Context(), nil, nil), ports.ErrNoBrowser)
	if h.Down == nil {
		return
	}
	s = signIn(t, h, b)
	h.Down(true)
	b.Do(t.Context(), func(ctx context.Context) {
		require.ErrorIs(t, h.Sessions.UpdateMemberships(ctx, nil, nil), ports.ErrStoreUnavailable)
	})
	h.Down(false)
	requireSession(t, h, b, s)
}
