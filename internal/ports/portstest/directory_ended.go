package portstest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func directoryEndOneReturned(t *testing.T, h SessionHarness) {
	anna := person(h, "one", "anna", "sid")
	here := signInAs(t, h, anna)
	signInAs(t, h, anna)
	endID := func(subject, id string) (ended []ports.EndedSessions) {
		here.Do(t.Context(), func(ctx context.Context) {
			var err error
			ended, err = h.Sessions.EndSession(ctx, anna.Identity.Issuer, subject, id, false)
			require.NoError(t, err)
		})
		return ended
	}
	require.Empty(t, endID("anna", "unknown"))
	for _, one := range listed(t, h, here, anna) {
		if one.Current {
			continue
		}
		require.Empty(t, endID("bert", one.ID))
		require.Equal(t, []ports.EndedSessions{{Identity: anna.Identity, Live: 1}}, endID("anna", one.ID))
		require.Empty(t, endID("anna", one.ID), "ended already")
	}
}

func directoryPeople(t *testing.T, h SessionHarness) {
	anna, bert := person(h, "one", "anna", "sid"), person(h, "one", "bert", "sid")
	signInAs(t, h, anna)
	signInAs(t, h, bert)
	signInAs(t, h, anna)
	ended, err := h.Sessions.EndProviderSession(t.Context(), "", "", "sid", false)
	require.NoError(t, err)
	require.ElementsMatch(t, []ports.EndedSessions{{Identity: anna.Identity, Live: 2}, {Identity: bert.Identity, Live: 1}}, ended)
}

func directoryCrowd(t *testing.T, h SessionHarness) {
	for i := range ports.MaxEndedUsers + 5 {
		signInAs(t, h, person(h, "one", fmt.Sprint("person ", i), "sid"))
	}
	ended, err := h.Sessions.EndProviderSession(t.Context(), "", "", "sid", false)
	require.NoError(t, err)
	require.Len(t, ended, ports.MaxEndedUsers+1)
	for _, one := range ended[:ports.MaxEndedUsers] {
		require.NotEmpty(t, one.Identity.Subject)
		require.Equal(t, 1, one.Live)
	}
	require.Equal(t, ports.EndedSessions{Live: 5}, ended[ports.MaxEndedUsers], "the others together")
}

// directoryExpired checks that an expired session is not listed, and that exactly one
// call returns it, as expired.
func directoryExpired(t *testing.T, h SessionHarness) {
	anna := person(h, "one", "anna", "sid")
	ways := []func(id string) ([]ports.EndedSessions, error){
		func(id string) ([]ports.EndedSessions, error) {
			return h.Sessions.EndSession(t.Context(), anna.Identity.Issuer, "anna", id, false)
		},
		func(string) ([]ports.EndedSessions, error) {
			return h.Sessions.EndSessionsOf(t.Context(), anna.Identity.Issuer, "anna", false, false)
		},
		func(string) ([]ports.EndedSessions, error) {
			return h.Sessions.EndProviderSession(t.Context(), "", "", "sid", false)
		},
	}
	for _, way := range ways {
		s := person(h, "one", "anna", "sid")
		b := signInAs(t, h, s)
		id := listed(t, h, b, s)[0].ID
		h.Advance(s.Expires.Sub(h.Now()))
		require.Empty(t, listed(t, h, b, s))
		requireExpired(t, h, b, s)
		ended, err := way(id)
		require.NoError(t, err)
		require.Equal(t, []ports.EndedSessions{{Identity: s.Identity, Expired: 1}}, ended)
		ended, err = way(id)
		require.NoError(t, err)
		require.Empty(t, ended)
		requireForgotten(t, h, b)
		require.Empty(t, end(t, h, b))
	}
}

func directoryEndRace(t *testing.T, h SessionHarness) {
	anna := person(h, "one", "anna", "sid")
	const sessions = 6
	var browsers []Browser
	for range sessions {
		browsers = append(browsers, signInAs(t, h, anna))
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	returned := 0
	count := func(n int, err error) {
		assert.NoError(t, err)
		mu.Lock()
		defer mu.Unlock()
		returned += n
	}
	all := func(ended []ports.EndedSessions, err error) {
		for _, one := range ended {
			count(one.Live, nil)
		}
		assert.NoError(t, err)
	}
	for range 2 {
		wg.Go(func() { all(h.Sessions.EndProviderSession(t.Context(), "", "", "sid", false)) })
		wg.Go(func() { all(h.Sessions.EndSessionsOf(t.Context(), anna.Identity.Issuer, "anna", false, false)) })
	}
	for _, b := range browsers[:2] {
		wg.Go(func() {
			b.Do(t.Context(), func(ctx context.Context) {
				ended, err := h.Sessions.End(ctx, false)
				count(len(ended), err)
			})
		})
	}
	wg.Wait()
	require.Equal(t, sessions, returned)
}
