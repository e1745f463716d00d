package portstest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// SessionDirectory tests an adapter against the contract of
// ports.SessionDirectory.
func SessionDirectory(t *testing.T, newHarness func(t *testing.T) SessionHarness) {
	runAll(t, newHarness, []named[SessionHarness]{
		{"a person's sessions are listed", directoryList},
		{"ended sessions are not listed", directoryListLive},
		{"an ID is stable and no credential", directoryIDs},
		{"one session is ended", directoryEndOne},
		{"other people's sessions cannot be ended", directoryEndForeign},
		{"all sessions except this", directoryEndOthers},
		{"all sessions of a person", directoryEndAll},
		{"the provider ends its session", directoryProvider},
		{"the provider's session without an issuer", directoryProviderAlone},
		{"a session without a provider's session", directoryNoProvider},
		{"one that is ended is returned once", directoryEndOneReturned},
		{"each person is named", directoryPeople},
		{"more people than are named", directoryCrowd},
		{"expired sessions", directoryExpired},
		{"ends at the same time", directoryEndRace},
		{"refresh tokens", directoryTokens},
		{"refresh tokens of ends at the same time", directoryTokensRace},
		{"more refresh tokens than are returned", directoryTokensBounded},
		{"a request in flight writes none back", directoryInFlight},
		{"more sessions than a list holds", directoryMany},
		{"the least recently used end", directoryLeastUsed},
		{"expired sessions end first", directoryLeastUsedExpired},
		{"the least recently used, concurrently", directoryLeastUsedRace},
		{"contexts without a browser", directoryNoBrowser},
		{"the store is down", directoryDown},
	})
}

// person returns a session of a person. sid is the provider's session.
func person(h SessionHarness, issuer, subject, sid string) ports.Session {
	s := SampleSession(h.Now())
	s.Identity.Issuer, s.Identity.Subject, s.Identity.ProviderSession = "https://"+issuer+".example", subject, sid
	return s
}

// signInAs starts the session s in a new browser and returns the browser.
func signInAs(t *testing.T, h SessionHarness, s ports.Session) Browser {
	t.Helper()
	b := h.NewBrowser()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: s, Claims: SampleClaims(), Tokens: SampleTokens(h.Now())}, false)))
	})
	return b
}

// listed returns the list of the person of s, in a new request of b.
func listed(t *testing.T, h SessionHarness, b Browser, s ports.Session) (list []ports.ListedSession) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		var err error
		list, err = h.Sessions.SessionsOf(ctx, s.Identity.Issuer, s.Identity.Subject)
		require.NoError(t, err)
	})
	return list
}

func directoryList(t *testing.T, h SessionHarness) {
	anna := person(h, "one", "anna", "sid-1")
	phone := signInAs(t, h, anna)
	h.Advance(time.Minute)
	later := person(h, "one", "anna", "sid-2")
	later.Device = "Safari on iPhone"
	laptop := signInAs(t, h, later)
	signInAs(t, h, person(h, "one", "bert", "sid-3"))
	signInAs(t, h, person(h, "two", "anna", "sid-4"))

	list := listed(t, h, phone, anna)
	require.Len(t, list, 2)
	requireSameSession(t, later, list[0].Session)
	require.Equal(t, "Safari on iPhone", list[0].Session.Device)
	requireSameSession(t, anna, list[1].Session)
	require.False(t, list[0].Current)
	require.True(t, list[1].Current)
	require.True(t, listed(t, h, laptop, anna)[0].Current)

	h.Advance(time.Minute)
	phone.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, h.Sessions.Touch(ctx, h.Now(), h.Now().Add(time.Hour)))
	})
	require.True(t, listed(t, h, phone, anna)[0].Current, "the one seen last comes first")
	for _, b := range []Browser{phone, h.NewBrowser()} {
		require.Empty(t, listed(t, h, b, person(h, "one", "nobody", "")))
	}
	for _, one := range listed(t, h, h.NewBrowser(), anna) {
		require.False(t, one.Current)
	}
}

func directoryListLive(t *testing.T, h SessionHarness) {
	anna := person(h, "one", "anna", "sid")
	b := signInAs(t, h, anna)
	again := signInAs(t, h, anna)
	again.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false))) })
	require.Len(t, listed(t, h, b, anna), 1)
	again.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: person(h, "one", "bert", "sid")}, false)))
	})
	require.Len(t, listed(t, h, b, anna), 1)
	h.Advance(anna.Expires.Sub(h.Now()))
	require.Empty(t, listed(t, h, b, anna))
}

func directoryIDs(t *testing.T, h SessionHarness) {
	anna := person(h, "one", "anna", "sid")
	b := signInAs(t, h, anna)
	other := signInAs(t, h, anna)
	seen := map[string]bool{}
	for _, one := range listed(t, h, b, anna) {
		seen[one.ID] = true
		require.NotEmpty(t, one.ID)
		require.LessOrEqual(t, len(one.ID), 64)
	}
	require.Len(t, seen, 2)
	for _, one := range listed(t, h, other, anna) {
		require.True(t, seen[one.ID], "every browser sees the same IDs")
	}
}

func directoryNoBrowser(t *testing.T, h SessionHarness) {
	anna := person(h, "one", "anna", "sid")
	signInAs(t, h, anna)
	_, err := h.Sessions.SessionsOf(t.Context(), anna.Identity.Issuer, anna.Identity.Subject)
	require.ErrorIs(t, err, ports.ErrNoBrowser)
	_, err = h.Sessions.EndSessionsOf(t.Context(), anna.Identity.Issuer, anna.Identity.Subject, true, false)
	require.ErrorIs(t, err, ports.ErrNoBrowser)
	_, err = h.Sessions.EndLeastRecentlyUsed(t.Context(), anna.Identity.Issuer, anna.Identity.Subject, 0)
	require.ErrorIs(t, err, ports.ErrNoBrowser)
}

func directoryMany(t *testing.T, h SessionHarness) {
	const sessions = 105
	anna := person(h, "one", "anna", "sid")
	var last Browser
	for i := range sessions {
		anna.Device = fmt.Sprint("browser ", i)
		last = signInAs(t, h, anna)
	}
	require.Len(t, listed(t, h, last, anna), ports.MaxSessions)
	requireEnded(t, sessions-1)(endSessionsOf(t, h, last, anna, true))
	require.Len(t, listed(t, h, last, anna), 1)
}
