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

// Sessions tests an adapter against the contract of ports.Sessions.
func Sessions(t *testing.T, newHarness func(t *testing.T) SessionHarness) {
	runAll(t, newHarness, []named[SessionHarness]{
		{"a context without a browser", sessionsNoBrowser},
		{"a browser that never signed in", sessionsNever},
		{"every field comes back", sessionsRoundTrip},
		{"browsers are kept apart", sessionsApart},
		{"each start makes a new session", sessionsRenewed},
		{"signing in twice in one request", sessionsTwiceInOne},
		{"touch moves the times", sessionsTouch},
		{"roles are replaced and nothing else", sessionsRoles},
		{"roles and touches at the same time", sessionsRolesTouched},
		{"roles of an ended session", sessionsRolesEnded},
		{"a session expires", sessionsExpire},
		{"a touched session lasts longer", sessionsTouchProlongs},
		{"ending is final", sessionsEnd},
		{"ending without a session", sessionsEndNothing},
		{"a copy of an ended session is dead", sessionsEndCopies},
		{"a touch in flight writes no ended session back", sessionsTouchInFlight},
		{"a touch beside a new sign-in", sessionsTouchReplaced},
		{"End returns the session", sessionsEndReturned},
		{"Start returns the old session", sessionsStartReturned},
		{"an expired session is returned once", sessionsExpiredKnown},
		{"a session expires during a request", sessionsExpiredInFlight},
		{"one of many ends returns the session", sessionsEndRace},
		{"End returns the refresh token", sessionsEndToken},
		{"Start returns the old refresh token", sessionsStartToken},
		{"one of many ends returns the refresh token", sessionsEndTokenRace},
		{"End returns the last refresh token that was stored", sessionsEndTokenAgainstUpdates},
		{"no refresh token while the store is down", sessionsEndTokenDown},
		{"requests at the same time", sessionsConcurrent},
		{"the store is down", sessionsDown},
	})
}

// signIn starts a session in a browser.
func signIn(t *testing.T, h SessionHarness, b Browser) ports.Session {
	t.Helper()
	s := SampleSession(h.Now())
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: s, Claims: SampleClaims(), Tokens: SampleTokens(h.Now())}, false)))
	})
	return s
}

// requireSignedOut requires, in a new request, that b has no session.
func requireSignedOut(t *testing.T, h SessionHarness, b Browser) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		_, err := h.Sessions.Current(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession)
		require.ErrorIs(t, h.Sessions.Touch(ctx, h.Now(), h.Now().Add(time.Hour)), ports.ErrNoSession)
	})
}

// requireSession requires, in a new request, that b has the session want.
func requireSession(t *testing.T, h SessionHarness, b Browser, want ports.Session) {
	t.Helper()
	b.Do(t.Context(), func(ctx context.Context) {
		got, err := h.Sessions.Current(ctx)
		require.NoError(t, err)
		requireSameSession(t, want, got)
	})
}

// requireSameSession compares two sessions. Times may have different zones.
func requireSameSession(t *testing.T, want, got ports.Session) {
	t.Helper()
	require.True(t, want.Identity.AuthTime.Equal(got.Identity.AuthTime), "auth_time")
	got.Identity.AuthTime = want.Identity.AuthTime
	require.Equal(t, want.Identity, got.Identity)
	require.Equal(t, want.Device, got.Device)
	require.Equal(t, want.StepUp, got.StepUp)
	require.True(t, want.Started.Equal(got.Started), "started")
	require.True(t, want.Seen.Equal(got.Seen), "seen")
	require.True(t, want.Expires.Equal(got.Expires), "expires")
}

func sessionsNoBrowser(t *testing.T, h SessionHarness) {
	ctx := t.Context()
	_, err := h.Sessions.Current(ctx)
	require.ErrorIs(t, err, ports.ErrNoBrowser)
	require.ErrorIs(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: SampleSession(h.Now())}, false)), ports.ErrNoBrowser)
	require.ErrorIs(t, h.Sessions.Touch(ctx, h.Now(), h.Now()), ports.ErrNoBrowser)
	require.ErrorIs(t, failure(h.Sessions.End(ctx, false)), ports.ErrNoBrowser)
}

func sessionsNever(t *testing.T, h SessionHarness) {
	requireSignedOut(t, h, h.NewBrowser())
}

func sessionsRoundTrip(t *testing.T, h SessionHarness) {
	for name, change := range map[string]func(*ports.Session){
		"as Entra":          func(*ports.Session) {},
		"another provider":  func(s *ports.Session) { s.Identity = ports.Identity{Issuer: "https://id.example", Subject: "1"} },
		"GUID in capitals":  func(s *ports.Session) { s.Identity.ObjectID = "ABCDEF12-3333-4444-5555-666677778888" },
		"tenant not a GUID": func(s *ports.Session) { s.Identity.TenantID = "contoso" },
		"no auth_time":      func(s *ports.Session) { s.Identity.AuthTime = time.Time{} },
		"no acrs":           func(s *ports.Session) { s.Identity.AuthContexts = nil },
		"odd bytes":         func(s *ports.Session) { s.Identity.Name = "a\x00b\xff\n" },
		"another zone":      func(s *ports.Session) { s.Started = s.Started.In(time.FixedZone("x", 3600)) },
		"parts of a second": func(s *ports.Session) { s.Seen = s.Seen.Add(123456789) },
	} {
		t.Run(name, func(t *testing.T) {
			b, s := h.NewBrowser(), SampleSession(h.Now())
			change(&s)
			b.Do(t.Context(), func(ctx context.Context) {
				require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: s}, false)))
				got, err := h.Sessions.Current(ctx)
				require.NoError(t, err, "within the request that started it")
				requireSameSession(t, s, got)
			})
			requireSession(t, h, b, s)
		})
	}
}

func sessionsApart(t *testing.T, h SessionHarness) {
	one, two := h.NewBrowser(), h.NewBrowser()
	s := signIn(t, h, one)
	requireSignedOut(t, h, two)
	signIn(t, h, two)
	two.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false))) })
	requireSession(t, h, one, s)
}

func sessionsRenewed(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	old := b.Clone()
	h.Advance(time.Minute)
	s := signIn(t, h, b)
	requireSession(t, h, b, s)
	requireSignedOut(t, h, old)
}

func sessionsTwiceInOne(t *testing.T, h SessionHarness) {
	b, s := h.NewBrowser(), SampleSession(h.Now())
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, SampleNew(h.Now()), false)))
		s.Identity.Name = "Second"
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: s}, false)))
	})
	requireSession(t, h, b, s)
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: s}, false)))
		require.NoError(t, failure(h.Sessions.End(ctx, false)))
		_, err := h.Sessions.Current(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession)
	})
	requireSignedOut(t, h, b)
}

func sessionsTouch(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	h.Advance(time.Minute)
	s.Seen, s.Expires = h.Now(), h.Now().Add(time.Hour)
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, h.Sessions.Touch(ctx, s.Seen, s.Expires))
		got, err := h.Sessions.Current(ctx)
		require.NoError(t, err)
		requireSameSession(t, s, got)
		require.NoError(t, h.Sessions.Touch(ctx, s.Seen, s.Expires), "twice")
	})
	requireSession(t, h, b, s)
}

func sessionsExpire(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	h.Advance(s.Expires.Sub(h.Now()) - time.Second)
	requireSession(t, h, b, s)
	h.Advance(time.Second)
	requireSignedOut(t, h, b)
	requireSession(t, h, b, signIn(t, h, b))
}

func sessionsTouchProlongs(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	for range 3 {
		h.Advance(50 * time.Minute)
		s.Seen, s.Expires = h.Now(), h.Now().Add(time.Hour)
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, h.Sessions.Touch(ctx, s.Seen, s.Expires))
		})
	}
	requireSession(t, h, b, s)
	b.Do(t.Context(), func(ctx context.Context) {
		g, err := h.Sessions.Tokens(ctx)
		require.NoError(t, err)
		assert.NotEmpty(t, g.RefreshToken, "the tokens last as long as the session")
	})
}

func sessionsEnd(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(h.Sessions.End(ctx, false)))
		_, err := h.Sessions.Current(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession, "within the request that ended it")
		require.NoError(t, failure(h.Sessions.End(ctx, false)), "ending twice in one request")
	})
	requireSignedOut(t, h, b)
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false)), "ending again") })
	requireSession(t, h, b, signIn(t, h, b))
}

func sessionsEndNothing(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false))) })
	requireSignedOut(t, h, b)
}

func sessionsEndCopies(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	thief := b.Clone()
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false))) })
	requireSignedOut(t, h, thief)
	thief.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false))) })
}

func sessionsTouchInFlight(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	copied := b.Clone()
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Current(slow)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(h.Sessions.End(ctx, false))) })
		err = h.Sessions.Touch(slow, h.Now(), h.Now().Add(time.Hour))
		require.ErrorIs(t, err, ports.ErrNoSession)
		_, err = h.Sessions.Current(slow)
		require.ErrorIs(t, err, ports.ErrNoSession, "and the slow request knows it now")
	})
	requireSignedOut(t, h, b)
	requireSignedOut(t, h, copied)
}

func sessionsTouchReplaced(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	signIn(t, h, b)
	var s ports.Session
	b.Do(t.Context(), func(slow context.Context) {
		_, err := h.Sessions.Current(slow)
		require.NoError(t, err)
		s = signIn(t, h, b)
		err = h.Sessions.Touch(slow, h.Now(), h.Now().Add(2*time.Hour))
		require.ErrorIs(t, err, ports.ErrNoSession, "the session of the slow request has been replaced")
	})
	requireSession(t, h, b, s)
}

func sessionsConcurrent(t *testing.T, h SessionHarness) {
	b := h.NewBrowser()
	s := signIn(t, h, b)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			b.Do(t.Context(), func(ctx context.Context) {
				_, err := h.Sessions.Current(ctx)
				assert.NoError(t, err)
				assert.NoError(t, h.Sessions.Touch(ctx, s.Seen, s.Expires))
			})
		})
	}
	b.Do(t.Context(), func(ctx context.Context) {
		for range 4 {
			wg.Go(func() {
				_, err := h.Sessions.Current(ctx)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
	})
	requireSession(t, h, b, s)
}

func sessionsDown(t *testing.T, h SessionHarness) {
	if h.Down == nil {
		return
	}
	b, stranger := h.NewBrowser(), h.NewBrowser()
	s := signIn(t, h, b)
	h.Down(true)
	b.Do(t.Context(), func(ctx context.Context) {
		_, err := h.Sessions.Current(ctx)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		require.NotErrorIs(t, err, ports.ErrNoSession, "nobody is told that they are signed out")
		require.ErrorIs(t, h.Sessions.Touch(ctx, h.Now(), s.Expires), ports.ErrStoreUnavailable)
		require.ErrorIs(t, failure(h.Sessions.Start(ctx, ports.NewSession{Session: s, Claims: SampleClaims(), Tokens: SampleTokens(h.Now())}, false)), ports.ErrStoreUnavailable)
		require.ErrorIs(t, failure(h.Sessions.End(ctx, false)), ports.ErrStoreUnavailable)
	})
	stranger.Do(t.Context(), func(ctx context.Context) {
		_, err := h.Sessions.Current(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession, "a browser without session needs no store")
		require.NoError(t, failure(h.Sessions.End(ctx, false)))
	})
	h.Down(false)
	requireSession(t, h, b, s)
	requireSignedOut(t, h, stranger)
}
