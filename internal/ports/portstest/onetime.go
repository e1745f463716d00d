package portstest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// OneTimeIDs tests an adapter against the contract of ports.OneTimeIDs.
func OneTimeIDs(t *testing.T, newHarness func(t *testing.T) SessionHarness) {
	runAll(t, newHarness, []named[SessionHarness]{
		{"used once", onceOnly},
		{"used by many at once", onceRace},
		{"remembered as long as asked", onceUntil},
		{"the store is down", onceDown},
	})
}

func onceOnly(t *testing.T, h SessionHarness) {
	until := h.Now().Add(time.Hour)
	for _, id := range []string{"a", "A", "", "a b", "\x00", "logout https://issuer.example jti", "state"} {
		for range 2 { // CheckUnspent spends nothing
			require.NoError(t, h.Sessions.CheckUnspent(t.Context(), id))
		}
		require.NoError(t, h.Sessions.Spend(t.Context(), id, until))
		require.ErrorIs(t, h.Sessions.CheckUnspent(t.Context(), id), ports.ErrSpent)
		require.ErrorIs(t, h.Sessions.Spend(t.Context(), id, until), ports.ErrSpent)
		require.ErrorIs(t, h.Sessions.Spend(t.Context(), id, until.Add(time.Hour)), ports.ErrSpent)
	}
	b := h.NewBrowser()
	requireTaken(t, h, b, keep(t, h, b, "state")) // a state is not a one-time ID
}

func onceRace(t *testing.T, h SessionHarness) {
	requireOneSucceeds(t, ports.ErrSpent, func(int) error {
		return h.Sessions.Spend(t.Context(), "id", h.Now().Add(time.Hour))
	})
}

func onceUntil(t *testing.T, h SessionHarness) {
	until := h.Now().Add(time.Hour)
	require.NoError(t, h.Sessions.Spend(t.Context(), "id", until))
	h.Advance(time.Hour - time.Second)
	require.ErrorIs(t, h.Sessions.Spend(t.Context(), "id", until), ports.ErrSpent)
}

func onceDown(t *testing.T, h SessionHarness) {
	if h.Down == nil {
		return
	}
	until := h.Now().Add(time.Hour)
	h.Down(true)
	require.ErrorIs(t, h.Sessions.CheckUnspent(t.Context(), "id"), ports.ErrStoreUnavailable)
	require.ErrorIs(t, h.Sessions.Spend(t.Context(), "id", until), ports.ErrStoreUnavailable)
	h.Down(false)
	require.NoError(t, h.Sessions.Spend(t.Context(), "id", until))
}
