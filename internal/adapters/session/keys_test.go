package session_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

var newKey = []byte("fedcba9876543210fedcba9876543210")

// Two instances get each new list of keys one after the other. A session and a pending
// sign-in of each step stay valid on both instances until the key that they began under
// is removed.
func TestKeysRotateWhileInstancesRun(t *testing.T) {
	oldKey := oneKey[0]
	w := newWorld(t)
	instances := []*session.Manager{w.manager, w.instance()}
	sealsWith := []string{string(oldKey), string(oldKey)} // by instance
	on := func(i int) {
		w.manager = instances[i]
		w.server.Config.Handler = w.manager.Middleware(http.HandlerFunc(w.serve))
	}
	sessions := map[string][]*browser{} // by the key that they began under
	signInEverywhere := func() {
		for i := range instances {
			on(i)
			b := w.newBrowser()
			b.start(t)
			b.keepPending(t, fmt.Sprintf("state-%d", len(sessions[sealsWith[i]])))
			sessions[sealsWith[i]] = append(sessions[sealsWith[i]], b)
		}
	}
	requireValid := func(key []byte, want bool, step string) {
		t.Helper()
		for i := range instances {
			on(i)
			for n, b := range sessions[string(key)] {
				_, err := b.current(t)
				require.Equal(t, want, err == nil, "%s: session %d of %s on instance %d: %v", step, n, key, i, err)
			}
		}
	}
	signInEverywhere()
	for _, keys := range [][][]byte{{oldKey, newKey}, {newKey, oldKey}} {
		for i, m := range instances {
			require.NoError(t, m.UseKeys(keys))
			sealsWith[i] = string(keys[0])
			signInEverywhere()
			requireValid(oldKey, true, "both keys")
			requireValid(newKey, true, "both keys")
		}
	}
	require.Len(t, sessions[string(oldKey)], 7)
	require.Len(t, sessions[string(newKey)], 3)
	on(0)
	sessions[string(oldKey)][0].Do(t.Context(), func(ctx context.Context) {
		id := portstest.SampleSession(start).Identity
		list, err := w.manager.SessionsOf(ctx, id.Issuer, id.Subject)
		require.NoError(t, err)
		require.Len(t, list, 10, "a look-up finds the sessions of both keys")
		_, err = w.manager.Take(ctx, "state-0")
		require.NoError(t, err, "a sign-in that began under the old key")
		require.NoError(t, w.manager.Touch(ctx, start, start.Add(time.Hour)), "seals the record with the new key")
	})
	for _, m := range instances {
		require.NoError(t, m.UseKeys([][]byte{newKey}))
	}
	requireValid(newKey, true, "the old key is removed")
	requireValid(oldKey, false, "the old key is removed")
}

// A request works with the keys that it began with, whatever happens during the request.
func TestARequestKeepsItsKeys(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	b.keepPending(t, "state")
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, w.manager.UseKeys([][]byte{newKey}))
		_, err := w.manager.Current(ctx)
		require.NoError(t, err)
		require.NoError(t, w.manager.Touch(ctx, start, start.Add(time.Hour)))
		require.NoError(t, w.manager.UpdateMemberships(ctx, []string{"Admin"}, nil))
		claims, err := w.manager.Claims(ctx)
		require.NoError(t, err)
		require.NotEmpty(t, claims)
		id := portstest.SampleSession(start).Identity
		list, err := w.manager.SessionsOf(ctx, id.Issuer, id.Subject)
		require.NoError(t, err)
		require.Len(t, list, 1)
		_, err = w.manager.Take(ctx, "state")
		require.NoError(t, err)
		require.NoError(t, w.manager.Keep(ctx, portstest.SamplePending("two", start)))
	})
	_, err := b.current(t)
	require.ErrorIs(t, err, ports.ErrNoSession, "the next request")
	require.NoError(t, w.manager.UseKeys(oneKey))
	_, err = b.current(t)
	require.NoError(t, err, "the request has sealed with its own key")
}

// A call without a browser, as from a logout at the provider, keeps its keys too.
func TestACallWithoutABrowserKeepsItsKeys(t *testing.T) {
	both := [][]byte{oneKey[0], newKey}
	for name, call := range map[string]func(m *session.Manager, id ports.Identity) ([]ports.EndedSessions, error){
		"EndProviderSession": func(m *session.Manager, id ports.Identity) ([]ports.EndedSessions, error) {
			return m.EndProviderSession(t.Context(), id.Issuer, "", id.ProviderSession, false)
		},
		"EndSessionsOf": func(m *session.Manager, id ports.Identity) ([]ports.EndedSessions, error) {
			return m.EndSessionsOf(t.Context(), id.Issuer, id.Subject, false, false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.newBrowser().start(t)
			require.NoError(t, w.manager.UseKeys([][]byte{newKey, oneKey[0]}))
			w.newBrowser().start(t)
			require.NoError(t, w.manager.UseKeys(both))
			w.store.SetFault(func(c portstest.StoreCall) error {
				if c.Method == "Keys" {
					return w.manager.UseKeys([][]byte{[]byte("another key, another key, another")[:32]})
				}
				return nil
			})
			id := portstest.SampleSession(start).Identity
			ended, err := call(w.manager, id)
			require.NoError(t, err)
			require.Equal(t, []ports.EndedSessions{{Identity: id, Live: 2}}, ended)
		})
	}
}

func TestAnOutcomeIsSealedWithTheKeysOfTheCall(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.keepPending(t, "state")
	var p ports.PendingSignIn
	b.Do(t.Context(), func(ctx context.Context) {
		var err error
		p, err = w.manager.Take(ctx, "state")
		require.NoError(t, err)
	})
	w.store.SetFault(func(c portstest.StoreCall) error {
		if c.Method == "Find" {
			return w.manager.UseKeys([][]byte{newKey})
		}
		return nil
	})
	require.NoError(t, w.manager.RecordOutcome(t.Context(), p, []byte("outcome")))
	w.store.SetFault(nil)
	require.NoError(t, w.manager.UseKeys(oneKey))
	outcome, err := w.manager.Outcome(t.Context(), "state")
	require.NoError(t, err)
	require.Equal(t, "outcome", string(outcome))
}

func TestMalformedKeysChangeNothing(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	for name, keys := range map[string][][]byte{
		"none": nil, "one is too short": {newKey, []byte("short")}, "one is empty": {newKey, nil},
	} {
		require.Error(t, w.manager.UseKeys(keys), name)
		_, err := b.current(t)
		require.NoError(t, err, name)
	}
}
