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

// requireEnded requires that a call ended this number of unexpired sessions and names
// each person once.
func requireEnded(t *testing.T, want int) func([]ports.EndedSessions, error) {
	return func(ended []ports.EndedSessions, err error) {
		t.Helper()
		require.NoError(t, err)
		got, people := 0, map[[2]string]bool{}
		for _, one := range ended {
			person := [2]string{one.Identity.Issuer, one.Identity.Subject}
			require.False(t, people[person], "a person comes twice")
			require.NotEmpty(t, one.Identity.ObjectID, "the whole identity")
			people[person] = true
			got += one.Live
		}
		require.Equal(t, want, got)
	}
}

// failure returns the error of a call and drops its other result.
func failure[T any](_ T, err error) error { return err }

func endSessionsOf(t *testing.T, h SessionHarness, b Browser, s ports.Session, keepThis bool) (ended []ports.EndedSessions, err error) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		ended, err = h.Sessions.EndSessionsOf(ctx, s.Identity.Issuer, s.Identity.Subject, keepThis, false)
	})
	return ended, err
}

func directoryEndOne(t *testing.T, h SessionHarness) {
	anna := person(h, "one", "anna", "sid")
	kept, ended, neighbour := signInAs(t, h, anna), signInAs(t, h, anna), signInAs(t, h, person(h, "one", "bert", "sid"))
	end := func(id string) {
		kept.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, failure(h.Sessions.EndSession(ctx, anna.Identity.Issuer, anna.Identity.Subject, id, false)))
		})
	}
	for _, id := range []string{"", "unknown", "\x00"} {
		end(id)
	}
	for _, one := range listed(t, h, kept, anna) {
		if !one.Current {
			end(one.ID)
			end(one.ID)
		}
	}
	requireSession(t, h, kept, anna)
	requireNoTokens(t, h, ended)
	requireSession(t, h, neighbour, person(h, "one", "bert", "sid"))
	kept.Do(t.Context(), func(ctx context.Context) {
		_, err := h.Sessions.Current(ctx)
		require.NoError(t, err)
		list, err := h.Sessions.SessionsOf(ctx, anna.Identity.Issuer, anna.Identity.Subject)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.NoError(t, failure(h.Sessions.EndSession(ctx, anna.Identity.Issuer, anna.Identity.Subject, list[0].ID, false)))
		_, err = h.Sessions.Current(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession, "one's own, at once")
	})
	requireSignedOut(t, h, kept)
}

func directoryEndForeign(t *testing.T, h SessionHarness) {
	anna, bert := person(h, "one", "anna", "sid"), person(h, "one", "bert", "sid")
	annas, berts := signInAs(t, h, anna), signInAs(t, h, bert)
	id := listed(t, h, annas, anna)[0].ID
	berts.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.EndSession(ctx, bert.Identity.Issuer, bert.Identity.Subject, id, false)))
		require.NoError(t, failure(h.Sessions.EndSession(ctx, "https://two.example", anna.Identity.Subject, id, false)))
	})
	requireSession(t, h, annas, anna)
	requireSession(t, h, berts, bert)
}

func directoryEndOthers(t *testing.T, h SessionHarness) {
	anna, bert := person(h, "one", "anna", "sid"), person(h, "one", "bert", "sid")
	here, there, elsewhere := signInAs(t, h, anna), signInAs(t, h, anna), signInAs(t, h, anna)
	berts := signInAs(t, h, bert)
	requireEnded(t, 2)(endSessionsOf(t, h, here, anna, true))
	requireEnded(t, 0)(endSessionsOf(t, h, here, anna, true))
	requireSession(t, h, here, anna)
	requireTokens(t, h, here, SampleTokens(h.Now()))
	requireNoTokens(t, h, there)
	requireNoTokens(t, h, elsewhere)
	requireSession(t, h, berts, bert)
	requireEnded(t, 1)(endSessionsOf(t, h, berts, anna, true))
	requireSignedOut(t, h, here)
	requireSession(t, h, berts, bert)
}

func directoryEndAll(t *testing.T, h SessionHarness) {
	anna, bert := person(h, "one", "anna", "sid"), person(h, "one", "bert", "sid")
	here, there, berts := signInAs(t, h, anna), signInAs(t, h, anna), signInAs(t, h, bert)
	requireEnded(t, 2)(h.Sessions.EndSessionsOf(t.Context(), anna.Identity.Issuer, anna.Identity.Subject, false, false))
	requireEnded(t, 0)(h.Sessions.EndSessionsOf(t.Context(), anna.Identity.Issuer, anna.Identity.Subject, false, false))
	requireNoTokens(t, h, here)
	requireNoTokens(t, h, there)
	requireSession(t, h, berts, bert)
	again := signInAs(t, h, anna)
	requireSession(t, h, again, anna)
	requireEnded(t, 1)(endSessionsOf(t, h, again, anna, false))
	requireSignedOut(t, h, again)
}

func directoryProvider(t *testing.T, h SessionHarness) {
	anna, other := person(h, "one", "anna", "sid-1"), person(h, "two", "anna", "sid-1")
	annas, twin := signInAs(t, h, anna), signInAs(t, h, anna)
	others, elsewhere := signInAs(t, h, other), signInAs(t, h, person(h, "one", "anna", "sid-2"))
	for _, wrong := range []string{"https://three.example", "https://ONE.example", "https://one.example/"} {
		requireEnded(t, 0)(h.Sessions.EndProviderSession(t.Context(), wrong, "", "sid-1", false))
	}
	requireEnded(t, 0)(h.Sessions.EndProviderSession(t.Context(), anna.Identity.Issuer, "bert", "sid-1", false))
	requireEnded(t, 2)(h.Sessions.EndProviderSession(t.Context(), anna.Identity.Issuer, anna.Identity.Subject, "sid-1", false))
	requireEnded(t, 0)(h.Sessions.EndProviderSession(t.Context(), anna.Identity.Issuer, "", "sid-1", false))
	requireNoTokens(t, h, annas)
	requireNoTokens(t, h, twin)
	requireSession(t, h, others, other)
	requireSession(t, h, elsewhere, person(h, "one", "anna", "sid-2"))
	requireSession(t, h, signInAs(t, h, anna), anna)
}

func directoryProviderAlone(t *testing.T, h SessionHarness) {
	one, two := signInAs(t, h, person(h, "one", "anna", "sid-1")), signInAs(t, h, person(h, "two", "bert", "sid-1"))
	rest := signInAs(t, h, person(h, "one", "anna", "sid-2"))
	for _, sid := range []string{"", "sid", "SID-1", "sid-1 "} {
		requireEnded(t, 0)(h.Sessions.EndProviderSession(t.Context(), "", "", sid, false))
	}
	requireEnded(t, 2)(h.Sessions.EndProviderSession(t.Context(), "", "", "sid-1", false))
	requireSignedOut(t, h, one)
	requireSignedOut(t, h, two)
	requireSession(t, h, rest, person(h, "one", "anna", "sid-2"))
}

func directoryNoProvider(t *testing.T, h SessionHarness) {
	anna := person(h, "one", "anna", "")
	b := signInAs(t, h, anna)
	requireEnded(t, 0)(h.Sessions.EndProviderSession(t.Context(), anna.Identity.Issuer, "", "", false))
	requireEnded(t, 0)(h.Sessions.EndProviderSession(t.Context(), "", "", "", false))
	requireSession(t, h, b, anna)
	require.Len(t, listed(t, h, b, anna), 1)
}

func directoryInFlight(t *testing.T, h SessionHarness) {
	anna := person(h, "one", "anna", "sid")
	for _, end := range []func() ([]ports.EndedSessions, error){
		func() ([]ports.EndedSessions, error) {
			return h.Sessions.EndProviderSession(t.Context(), "", "", "sid", false)
		},
		func() ([]ports.EndedSessions, error) {
			return h.Sessions.EndSessionsOf(t.Context(), anna.Identity.Issuer, anna.Identity.Subject, false, false)
		},
	} {
		b := signInAs(t, h, anna)
		b.Do(t.Context(), func(slow context.Context) {
			_, err := h.Sessions.Current(slow)
			require.NoError(t, err)
			requireEnded(t, 1)(end())
			require.ErrorIs(t, putTokens(slow, h, ports.Tokens{Nonce: "late"}), ports.ErrNoSession)
			require.ErrorIs(t, h.Sessions.Touch(slow, h.Now(), h.Now().Add(time.Hour)), ports.ErrNoSession)
		})
		requireNoTokens(t, h, b)
		require.Empty(t, listed(t, h, b, anna))
	}
}

func directoryDown(t *testing.T, h SessionHarness) {
	if h.Down == nil {
		return
	}
	anna := person(h, "one", "anna", "sid")
	b := signInAs(t, h, anna)
	h.Down(true)
	b.Do(t.Context(), func(ctx context.Context) {
		_, err := h.Sessions.SessionsOf(ctx, anna.Identity.Issuer, anna.Identity.Subject)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		_, err = h.Sessions.EndSessionsOf(ctx, anna.Identity.Issuer, anna.Identity.Subject, true, false)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		require.ErrorIs(t, failure(h.Sessions.EndSession(ctx, anna.Identity.Issuer, anna.Identity.Subject, "id", false)), ports.ErrStoreUnavailable)
		_, err = h.Sessions.EndProviderSession(ctx, "", "", "sid", false)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		_, err = h.Sessions.EndLeastRecentlyUsed(ctx, anna.Identity.Issuer, anna.Identity.Subject, 0)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	})
	h.Down(false)
	requireSession(t, h, b, anna)
}

func endLeastUsed(t *testing.T, h SessionHarness, b Browser, s ports.Session, keep int) (ended []ports.EndedSessions, err error) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		ended, err = h.Sessions.EndLeastRecentlyUsed(ctx, s.Identity.Issuer, s.Identity.Subject, keep)
	})
	return ended, err
}

// directoryLeastUsed checks which of five sessions end. The first one was used most
// recently.
func directoryLeastUsed(t *testing.T, h SessionHarness) {
	anna, bert := person(h, "one", "anna", "sid"), person(h, "one", "bert", "sid")
	neighbour := signInAs(t, h, bert)
	start := h.Now()
	browsers := make([]Browser, 5)
	sessions := make([]ports.Session, len(browsers))
	for i := range browsers {
		sessions[i] = anna
		sessions[i].Seen = start.Add(time.Duration(i-10) * time.Minute)
		browsers[i] = signInAs(t, h, sessions[i])
	}
	browsers[0].Do(t.Context(), func(ctx context.Context) {
		sessions[0].Seen = start
		require.NoError(t, h.Sessions.Touch(ctx, start, sessions[0].Expires))
	})
	requireEnded(t, 0)(endLeastUsed(t, h, browsers[1], anna, len(browsers)))
	requireEnded(t, 2)(endLeastUsed(t, h, browsers[1], anna, 3))
	requireEnded(t, 0)(endLeastUsed(t, h, browsers[1], anna, 3))
	for _, i := range []int{2, 3} { // not the one of this browser, which was used before them
		requireSignedOut(t, h, browsers[i])
		requireNoTokens(t, h, browsers[i])
	}
	for _, i := range []int{0, 1, 4} {
		requireSession(t, h, browsers[i], sessions[i])
	}
	requireEnded(t, 2)(endLeastUsed(t, h, browsers[1], anna, 0))
	requireSession(t, h, browsers[1], sessions[1])
	requireSession(t, h, neighbour, bert)
}

// directoryLeastUsedExpired checks that expired sessions end first, even if they were
// used recently.
func directoryLeastUsedExpired(t *testing.T, h SessionHarness) {
	brief, lasting := person(h, "one", "anna", "sid"), person(h, "one", "anna", "sid")
	brief.Expires = h.Now().Add(time.Minute)
	lasting.Seen = h.Now().Add(-time.Hour)
	b := signInAs(t, h, lasting)
	signInAs(t, h, brief)
	last := signInAs(t, h, lasting)
	h.Advance(2 * time.Minute)
	ended, err := endLeastUsed(t, h, last, lasting, 2)
	require.NoError(t, err)
	require.Equal(t, []ports.EndedSessions{{Identity: lasting.Identity, Expired: 1}}, ended)
	requireSession(t, h, b, lasting)
	requireSession(t, h, last, lasting)
}

// directoryLeastUsedRace checks several concurrent sign-ins that each end older
// sessions.
func directoryLeastUsedRace(t *testing.T, h SessionHarness) {
	const keep, more = 5, 4
	anna := person(h, "one", "anna", "sid")
	old := anna
	old.Seen = h.Now().Add(-time.Minute)
	for range keep {
		signInAs(t, h, old)
	}
	browsers, live := make([]Browser, more), make([]int, more)
	for i := range browsers {
		browsers[i] = h.NewBrowser()
	}
	var begun, done sync.WaitGroup
	begun.Add(more)
	for i, b := range browsers {
		done.Go(func() {
			b.Do(t.Context(), func(ctx context.Context) {
				_, err := h.Sessions.Start(ctx, ports.NewSession{Session: anna}, false)
				assert.NoError(t, err)
				begun.Done()
				begun.Wait()
				ended, err := h.Sessions.EndLeastRecentlyUsed(ctx, anna.Identity.Issuer, anna.Identity.Subject, keep)
				assert.NoError(t, err)
				for _, one := range ended {
					live[i] += one.Live
				}
			})
		})
	}
	done.Wait()
	total := 0
	for _, n := range live {
		total += n
	}
	require.Equal(t, more, total, "each is ended by one alone")
	for _, b := range browsers {
		requireSession(t, h, b, anna)
	}
	require.Len(t, listed(t, h, browsers[0], anna), keep)
}
