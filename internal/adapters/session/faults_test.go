package session_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// A store that hangs ends each call at a time limit of its own.
func TestAStoreThatHangsIsDown(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	w.store.SetFault(func(portstest.StoreCall) error { return context.DeadlineExceeded })
	b.Do(t.Context(), func(ctx context.Context) {
		_, err := w.manager.Current(ctx)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		require.NotErrorIs(t, err, ports.ErrNoSession)
		require.ErrorIs(t, failure(w.manager.End(ctx, false)), ports.ErrStoreUnavailable)
	})
	require.ErrorIs(t, w.manager.Ready(t.Context()), ports.ErrStoreUnavailable)
	require.NotEmpty(t, b.cookies, "nobody is signed out")
}

func TestACallerThatHasGoneIsNoOutage(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	b.Do(t.Context(), func(ctx context.Context) {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_, err := w.manager.Current(gone)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, ports.ErrStoreUnavailable)
		require.NotErrorIs(t, err, ports.ErrNoSession)
	})
	require.NoError(t, w.manager.Spend(t.Context(), "id", start.Add(time.Hour)))
}

func (w *world) failOn(method, suffix string, err error) *int {
	times := new(int)
	w.store.SetFault(func(c portstest.StoreCall) error {
		if c.Method == method && strings.HasSuffix(c.Key, suffix) {
			*times++
			return err
		}
		return nil
	})
	return times
}

func TestAnUpdateStopsAfterManyConflicts(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	for _, cause := range []error{ports.ErrRecordChanged, ports.ErrNoRecord} {
		times := w.failOn("Replace", ".tokens", cause)
		b.Do(t.Context(), func(ctx context.Context) {
			err := putTokens(ctx, w.manager, ports.Tokens{Nonce: "n"})
			require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		})
		require.Greater(t, *times, 10)
		require.LessOrEqual(t, *times, 100)
	}
}

func TestOfTwoTouchesEitherMayWin(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	later := start.Add(2 * time.Hour)
	b.Do(t.Context(), func(slow context.Context) {
		_, err := w.manager.Current(slow)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, w.manager.Touch(ctx, start.Add(time.Minute), later))
		})
		require.NoError(t, w.manager.Touch(slow, start, start.Add(time.Hour)))
		require.NoError(t, w.manager.Touch(slow, start, start.Add(time.Hour)))
	})
	s, err := b.current(t)
	require.NoError(t, err)
	require.True(t, later.Equal(s.Expires), "the faster one")
}

func TestTheEndLeavesNothingBehind(t *testing.T) {
	id := portstest.SampleSession(start).Identity
	for name, end := range map[string]func(ctx context.Context, m *session.Manager) error{
		"End": func(ctx context.Context, m *session.Manager) error { return failure(m.End(ctx, false)) },
		"EndSessionsOf": func(ctx context.Context, m *session.Manager) error {
			_, err := m.EndSessionsOf(ctx, id.Issuer, id.Subject, false, false)
			return err
		},
		"EndProviderSession": func(ctx context.Context, m *session.Manager) error {
			_, err := m.EndProviderSession(ctx, "", "", id.ProviderSession, false)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.newBrowser()
			b.start(t)
			b.Do(t.Context(), func(ctx context.Context) {
				_, err := w.manager.LeaseRefresh(ctx, start.Add(time.Minute))
				require.NoError(t, err)
				require.Equal(t, 4, w.memory.Len(), "session, claims, grant and lease")
				require.NoError(t, end(ctx, w.manager))
			})
			require.Zero(t, w.memory.Len())
		})
	}
}

// The session ends just before its lease is written.
func TestALeaseRacesTheEnd(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	twin := b.copy()
	w.store.SetFault(func(c portstest.StoreCall) error {
		if c.Method == "Create" && strings.HasPrefix(c.Key, "lease.") {
			w.store.SetFault(nil)
			twin.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(w.manager.End(ctx, false))) })
		}
		return nil
	})
	b.Do(t.Context(), func(ctx context.Context) {
		_, err := w.manager.LeaseRefresh(ctx, start.Add(time.Minute))
		require.ErrorIs(t, err, ports.ErrNoSession)
	})
	require.Zero(t, w.memory.Len())
}

func TestALeaseIsReleasedWhateverHappens(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	b.Do(t.Context(), func(ctx context.Context) {
		release, err := w.manager.LeaseRefresh(ctx, start.Add(time.Minute))
		require.NoError(t, err)
		w.store.SetDown(true)
		release(ctx)
		w.store.SetDown(false)
		require.Equal(t, 4, w.memory.Len(), "it runs out by itself")
		release(ctx)
		require.Equal(t, 3, w.memory.Len())
	})
}

func TestAListSkipsUnreadableRecords(t *testing.T) {
	w := newWorld(t)
	b, broken := w.newBrowser(), w.newBrowser()
	b.start(t)
	broken.start(t)
	w.overwrite(t, recordOf(broken), []byte("garbage"))
	id := portstest.SampleSession(start).Identity
	b.Do(t.Context(), func(ctx context.Context) {
		list, err := w.manager.SessionsOf(ctx, id.Issuer, id.Subject)
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.NotContains(t, recordOf(b), list[0].ID, "not the key, which the reference cookie holds")
		n, err := w.manager.EndSessionsOf(ctx, id.Issuer, id.Subject, true, false)
		require.NoError(t, err)
		require.Empty(t, n)
	})
}

func TestAnEndOfManyThatFailsReturnsTheEndedSessions(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.newBrowser().start(t)
	}
	deleted := 0
	w.store.SetFault(func(c portstest.StoreCall) error {
		if c.Method == "Delete" && !strings.Contains(c.Key, ".") {
			deleted++
			if deleted == 3 {
				return errors.New("connection reset")
			}
		}
		return nil
	})
	id := portstest.SampleSession(start).Identity
	n, err := w.manager.EndProviderSession(t.Context(), id.Issuer, "", id.ProviderSession, false)
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.Equal(t, []ports.EndedSessions{{Identity: id, Live: 2}}, n)
	w.store.SetFault(nil)
	n, err = w.manager.EndProviderSession(t.Context(), id.Issuer, "", id.ProviderSession, false)
	require.NoError(t, err)
	require.Equal(t, []ports.EndedSessions{{Identity: id, Live: 1}}, n)
	require.Zero(t, w.memory.Len())
}

func TestIndexesTellNothing(t *testing.T) {
	w := newWorld(t)
	_, err := w.manager.EndSessionsOf(t.Context(), "https://issuer.example", "zoe@contoso.example", false, false)
	require.NoError(t, err)
	_, err = w.instance(func(cfg *session.Config) { cfg.Keys = [][]byte{[]byte("fedcba9876543210fedcba9876543210")} }).
		EndSessionsOf(t.Context(), "https://issuer.example", "zoe@contoso.example", false, false)
	require.NoError(t, err)
	_, err = w.manager.EndSessionsOf(t.Context(), "https://issuer.examplez", "oe@contoso.example", false, false)
	require.NoError(t, err)
	_, err = w.manager.EndProviderSession(t.Context(), "", "", "zoe@contoso.example", false)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, call := range w.store.Calls() {
		require.Equal(t, "Keys", call.Method, "a stranger's request reads no record")
		require.Len(t, call.Key, 43)
		seen[call.Key] = true
	}
	require.Len(t, seen, 4, "another key, other parts, another kind: another index")
}

// The record of an expired session is kept for ExpiredRetention. It is no session in
// that time.
func TestAnExpiredSessionIsKeptForAWhile(t *testing.T) {
	w := newWorld(t, formPost)
	b := w.newBrowser()
	b.start(t)
	s := portstest.SampleSession(start)
	current := func() (err error) {
		b.Do(t.Context(), func(ctx context.Context) { _, err = w.manager.Current(ctx) })
		return err
	}
	referred := func() (err error) {
		b.crossSite = true
		b.Do(t.Context(), func(ctx context.Context) { _, err = w.manager.ReferencedSession(ctx) })
		b.crossSite = false
		return err
	}
	require.NoError(t, referred())
	w.clock.Advance(s.Expires.Sub(start))
	require.ErrorIs(t, current(), ports.ErrSessionExpired)
	require.ErrorIs(t, referred(), ports.ErrNoSession, "it does not make a late callback go on")
	w.clock.Advance(session.ExpiredRetention - time.Second)
	require.ErrorIs(t, current(), ports.ErrSessionExpired)
	w.clock.Advance(time.Second)
	require.ErrorIs(t, current(), ports.ErrNoSession)
	require.NotErrorIs(t, current(), ports.ErrSessionExpired)
	live, err := w.memory.IndexedRecords(t.Context(), 0)
	require.NoError(t, err)
	require.Zero(t, live)
}

func TestATouchMovesTheRetention(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, w.manager.Touch(ctx, start, start.Add(2*time.Hour)))
	})
	w.clock.Advance(2*time.Hour + session.ExpiredRetention - time.Second)
	b.Do(t.Context(), func(ctx context.Context) {
		_, err := w.manager.Current(ctx)
		require.ErrorIs(t, err, ports.ErrSessionExpired)
	})
}

// An End after Current does not read the session again, unless another request has
// changed it.
func TestStoreCallsOfAnEnd(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	key := recordOf(b)
	b.Do(t.Context(), func(slow context.Context) {
		_, err := w.manager.Current(slow)
		require.NoError(t, err)
		b.Do(t.Context(), func(ctx context.Context) {
			require.NoError(t, w.manager.Touch(ctx, start.Add(time.Minute), start.Add(2*time.Hour)))
		})
		w.store.Calls()
		ended, err := w.manager.End(slow, false)
		require.NoError(t, err)
		require.Len(t, ended, 1)
		require.True(t, ended[0].Expires.Equal(start.Add(2*time.Hour)), "as it was at its end")
		require.Equal(t, []portstest.StoreCall{{Method: "Delete", Key: key}, {Method: "Find", Key: key}, {Method: "Delete", Key: key}}, w.store.Calls()[:3])
	})
}

func TestAnEndStopsAfterManyConflicts(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	times := w.failOn("Delete", recordOf(b), ports.ErrRecordChanged)
	b.Do(t.Context(), func(ctx context.Context) {
		ended, err := w.manager.End(ctx, false)
		require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		require.Empty(t, ended)
	})
	require.Less(t, *times, 100)
	w.store.SetFault(nil)
	_, err := b.current(t)
	require.NoError(t, err)
}

func TestExpiredSessionsDoNotHideLiveOnes(t *testing.T) {
	w := newWorld(t)
	s := portstest.SampleSession(start)
	begin := w.manager.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.NoError(t, failure(w.manager.Start(r.Context(), ports.NewSession{Session: s}, false)))
	}))
	for range ports.MaxKeys + 5 {
		begin.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	w.clock.Advance(time.Hour)
	live := w.newBrowser()
	live.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(w.manager.Start(ctx, portstest.SampleNew(w.clock.Now()), false)))
	})
	ended, err := w.manager.EndSessionsOf(t.Context(), s.Identity.Issuer, s.Identity.Subject, false, false)
	require.NoError(t, err)
	require.Equal(t, []ports.EndedSessions{{Identity: s.Identity, Live: 1, Expired: ports.MaxKeys + 5}}, ended)
	_, err = live.current(t)
	require.ErrorIs(t, err, ports.ErrNoSession)
}

// Of two concurrent ends, only the first returns the session.
func TestOneOfTwoEndsHasEndedTheSession(t *testing.T) {
	id := portstest.SampleSession(start).Identity
	for name, end := range map[string]func(ctx context.Context, m *session.Manager) (int, error){
		"End": func(ctx context.Context, m *session.Manager) (int, error) {
			ended, err := m.End(ctx, false)
			return len(ended), err
		},
		"End of a loaded session": func(ctx context.Context, m *session.Manager) (int, error) {
			_, _ = m.Current(ctx)
			ended, err := m.End(ctx, false)
			return len(ended), err
		},
		"Start": func(ctx context.Context, m *session.Manager) (int, error) {
			ended, err := m.Start(ctx, portstest.SampleNew(start), false)
			return len(ended), err
		},
		"EndProviderSession": func(ctx context.Context, m *session.Manager) (int, error) {
			ended, err := m.EndProviderSession(ctx, "", "", id.ProviderSession, false)
			return len(ended), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.newBrowser()
			b.start(t)
			key, twin, first := recordOf(b), b.copy(), 0
			w.store.SetFault(func(c portstest.StoreCall) error {
				if c.Method == "Delete" && c.Key == key {
					w.store.SetFault(nil)
					twin.Do(t.Context(), func(ctx context.Context) {
						ended, err := w.manager.End(ctx, false)
						require.NoError(t, err)
						first = len(ended)
					})
				}
				return nil
			})
			b.Do(t.Context(), func(ctx context.Context) {
				second, err := end(ctx, w.manager)
				require.NoError(t, err)
				require.Equal(t, 1, first)
				require.Zero(t, second)
			})
		})
	}
}
