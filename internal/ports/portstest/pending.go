package portstest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// openSignIns is how many pending sign-ins a browser must be able to have.
const openSignIns = 5

// PendingSignIns tests an adapter against the contract of
// ports.PendingSignIns.
func PendingSignIns(t *testing.T, newHarness func(t *testing.T) SessionHarness) {
	runAll(t, newHarness, []named[SessionHarness]{
		{"a context without a browser", pendingNoBrowser},
		{"every field comes back", pendingRoundTrip},
		{"an unknown state", pendingUnknown},
		{"taken once", pendingOnce},
		{"an old copy of the browser", pendingReplay},
		{"two copies at the same time", pendingRace},
		{"another browser's state", pendingForeign},
		{"tabs do not collide", pendingTabs},
		{"sixty starts drop the oldest", pendingBounded},
		{"a pending sign-in lasts", pendingLasts},
		{"a replay after a pending sign-in has expired", pendingLateReplay},
		{"beside a session", pendingBesideSession},
		{"the outcome", pendingOutcome},
		{"the store is down", pendingDown},
	})
}

func keep(t *testing.T, h SessionHarness, b Browser, state string) ports.PendingSignIn {
	t.Helper()
	p := SamplePending(state, h.Now())
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, h.Sessions.Keep(ctx, p)) })
	return p
}

func take(t *testing.T, h SessionHarness, b Browser, state string) (p ports.PendingSignIn, err error) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) { p, err = h.Sessions.Take(ctx, state) })
	return p, err
}

func requireTaken(t *testing.T, h SessionHarness, b Browser, want ports.PendingSignIn) {
	t.Helper()
	got, err := take(t, h, b, want.State)
	require.NoError(t, err)
	require.True(t, want.Expires.Equal(got.Expires))
	got.Expires = want.Expires
	require.Equal(t, want, got)
}

func requireNotTaken(t *testing.T, h SessionHarness, b Browser, state string, cause error) {
	t.Helper()
	p, err := take(t, h, b, state)
	require.ErrorIs(t, err, cause)
	if errors.Is(err, ports.ErrStoreUnavailable) {
		p.ReturnTo = "" // allowed: nothing is spent
	}
	if errors.Is(err, ports.ErrPendingSpent) {
		require.Contains(t, []string{"", state}, p.State)
		p.State, p.ReturnTo = "", "" // allowed: the browser has both
	}
	require.Zero(t, p)
}

func pendingNoBrowser(t *testing.T, h SessionHarness) {
	require.ErrorIs(t, h.Sessions.Keep(t.Context(), SamplePending("s", h.Now())), ports.ErrNoBrowser)
	_, err := h.Sessions.Take(t.Context(), "s")
	require.ErrorIs(t, err, ports.ErrNoBrowser)
}

func pendingRoundTrip(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	requireTaken(t, h, b, keep(t, h, b, "full"))
	bare := ports.PendingSignIn{State: "bare", Expires: h.Now().Add(time.Minute)}
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, h.Sessions.Keep(ctx, bare)) })
	requireTaken(t, h, b, bare)
}

func pendingUnknown(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	keep(t, h, b, "known")
	for _, state := range []string{"", "unknown", "know", "known ", "KNOWN", "\x00", fmt.Sprintf("%9000d", 1)} {
		requireNotTaken(t, h, b, state, ports.ErrNoPendingSignIn)
	}
}

func pendingOnce(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	requireTaken(t, h, b, keep(t, h, b, "once"))
	requireNotTaken(t, h, b, "once", ports.ErrPendingSpent)
	requireNotTaken(t, h, b, "once", ports.ErrPendingSpent)
}

func pendingReplay(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	p := keep(t, h, b, "replayed")
	old := b.Clone()
	requireTaken(t, h, b, p)
	requireNotTaken(t, h, h.NewBrowser(), "replayed", ports.ErrPendingSpent)
	stranger, _ := take(t, h, h.NewBrowser(), "replayed")
	require.Zero(t, stranger, "a browser that holds no such sign-in learns nothing")
	requireNotTaken(t, h, old, "replayed", ports.ErrPendingSpent)
}

// pendingOutcome checks that Take returns a spent sign-in that the browser still has, and
// that its outcome can be recorded once.
func pendingOutcome(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	p := keep(t, h, b, "concluded")
	twin := b.Clone()
	requireTaken(t, h, b, p)
	again, err := take(t, h, twin, "concluded")
	require.ErrorIs(t, err, ports.ErrPendingSpent)
	require.Equal(t, ports.PendingSignIn{State: p.State, ReturnTo: p.ReturnTo}, again)

	_, err = h.Sessions.Outcome(t.Context(), "concluded")
	require.ErrorIs(t, err, ports.ErrNoOutcome)
	require.NoError(t, h.Sessions.RecordOutcome(t.Context(), p, []byte("first")))
	require.NoError(t, h.Sessions.RecordOutcome(t.Context(), p, []byte("second")))
	outcome, err := h.Sessions.Outcome(t.Context(), "concluded")
	require.NoError(t, err)
	require.Equal(t, "first", string(outcome))
	require.ErrorIs(t, h.Sessions.RecordOutcome(t.Context(), SamplePending("another", h.Now()), []byte("first")), ports.ErrNoRecord)
	_, err = h.Sessions.Outcome(t.Context(), "another")
	require.ErrorIs(t, err, ports.ErrNoOutcome)
}

func pendingRace(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	keep(t, h, b, "raced")
	requireOneSucceeds(t, ports.ErrPendingSpent, func(int) error {
		return inTwin(t, b, func(ctx context.Context) error {
			_, err := h.Sessions.Take(ctx, "raced")
			return err
		})
	})
}

func pendingForeign(t *testing.T, h SessionHarness) {
	victim, attacker := h.NewBrowser(), h.NewBrowser()
	p := keep(t, h, attacker, "attackers")
	keep(t, h, victim, "victims")
	requireNotTaken(t, h, victim, "attackers", ports.ErrNoPendingSignIn)
	requireTaken(t, h, attacker, p) // the refusal did not spend it
}

func pendingTabs(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	var all []ports.PendingSignIn
	for i := range openSignIns {
		all = append(all, keep(t, h, b, fmt.Sprintf("tab-%d", i)))
	}
	for _, i := range []int{2, 4, 0, 3, 1} {
		requireTaken(t, h, b, all[i])
	}
}

func pendingBounded(t *testing.T, h SessionHarness) {
	const starts = 60
	b := h.NewBrowser()
	var all []ports.PendingSignIn
	for i := range starts {
		all = append(all, keep(t, h, b, fmt.Sprintf("start-%02d", i)))
		h.Advance(time.Second)
	}
	requireNotTaken(t, h, b, all[0].State, ports.ErrNoPendingSignIn)
	open := 0
	for i := starts - 1; i >= 0; i-- {
		if _, err := take(t, h, b, all[i].State); err == nil {
			require.Equal(t, starts-1-i, open, "the newest are kept")
			open++
		}
	}
	require.GreaterOrEqual(t, open, openSignIns)
	require.LessOrEqual(t, open, 20)
}

func pendingLasts(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	p := keep(t, h, b, "in time")
	old := b.Clone()
	h.Advance(p.Expires.Sub(h.Now()) - time.Second)
	requireTaken(t, h, b, p)
	requireNotTaken(t, h, old, p.State, ports.ErrPendingSpent)
}

// pendingLateReplay checks that a spent sign-in is refused until it expires, and that
// later its Expires is unchanged.
func pendingLateReplay(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	p := keep(t, h, b, "kept")
	old := b.Clone()
	requireTaken(t, h, b, p)
	h.Advance(p.Expires.Sub(h.Now()) - time.Second)
	requireNotTaken(t, h, old.Clone(), p.State, ports.ErrPendingSpent)
	h.Advance(24 * time.Hour)
	got, err := take(t, h, old, p.State)
	if err == nil {
		require.True(t, p.Expires.Equal(got.Expires))
	}
}

func pendingBesideSession(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	p := keep(t, h, b, "pending")
	s := signIn(t, h, b)
	requireTaken(t, h, b, p)
	p = keep(t, h, b, "again")
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false))) })
	requireTaken(t, h, b, p)
	requireSignedOut(t, h, b)
	b.Do(t.Context(), func(ctx context.Context) {
		p := SamplePending("one request", h.Now())
		require.NoError(t, h.Sessions.Keep(ctx, p))
		_, err := h.Sessions.Take(ctx, p.State)
		require.NoError(t, err)
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: s}, false)))
	})
	requireSession(t, h, b, s)
	requireNotTaken(t, h, b, "one request", ports.ErrPendingSpent)
}

func pendingDown(t *testing.T, h SessionHarness) {
	if h.Down == nil {
		return
	}
	b := h.NewBrowser()
	p := keep(t, h, b, "before")
	h.Down(true)
	requireNotTaken(t, h, b, "before", ports.ErrStoreUnavailable)
	during := keep(t, h, b, "during")
	h.Down(false)
	requireTaken(t, h, b, p)
	requireTaken(t, h, b, during)
}
