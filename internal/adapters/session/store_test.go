package session_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// recordOf returns the record key of the browser's session.
func recordOf(b *browser) string {
	sum := sha256.Sum256([]byte(b.named("webapp_session").Value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (w *world) raw(t *testing.T, key string) []byte {
	t.Helper()
	found, err := w.memory.Find(t.Context(), key)
	require.NoError(t, err)
	return found.Value
}

// overwrite writes a value to the store, past the Manager.
func (w *world) overwrite(t *testing.T, key string, value []byte) {
	t.Helper()
	found, err := w.memory.Find(t.Context(), key)
	require.NoError(t, err)
	found.Value, found.Expires = value, start.Add(time.Hour)
	_, err = w.memory.Replace(t.Context(), found, found.Version)
	require.NoError(t, err)
}

// failure returns the error of a call with two results.
func failure[T any](_ T, err error) error { return err }

func putTokens(ctx context.Context, m *session.Manager, g ports.Tokens) error {
	return m.UpdateTokens(ctx, func(old *ports.Tokens) { *old = g })
}

func TestAPageCostsOneReadAndNothingElse(t *testing.T) {
	w := newWorld(t)
	b, stranger := w.newBrowser(), w.newBrowser()
	b.start(t)
	w.store.Calls()
	b.Do(t.Context(), func(context.Context) {})
	require.Empty(t, w.store.Calls(), "a request that does not ask costs nothing")
	b.Do(t.Context(), func(ctx context.Context) {
		for range 3 {
			_, err := w.manager.Current(ctx)
			require.NoError(t, err)
		}
	})
	require.Equal(t, []portstest.StoreCall{{Method: "Find", Key: recordOf(b)}}, w.store.Calls())
	require.Empty(t, b.last.Cookies())
	_, err := stranger.current(t)
	require.ErrorIs(t, err, ports.ErrNoSession)
	stranger.keepPending(t, "state")
	stranger.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(w.manager.End(ctx, false))) })
	require.Empty(t, w.store.Calls(), "a stranger needs no store")
}

func TestAStrangersStateWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.newBrowser().Do(t.Context(), func(ctx context.Context) {
		for _, state := range []string{"", "made-up", strings.Repeat("x", 9000)} {
			_, err := w.manager.Take(ctx, state)
			require.ErrorIs(t, err, ports.ErrNoPendingSignIn)
		}
	})
	for _, call := range w.store.Calls() {
		require.Equal(t, "Find", call.Method)
	}
	require.Zero(t, w.memory.Len())
}

func TestStoredValuesAreSealedAndTokensHashed(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	token := b.named("webapp_session").Value
	for _, key := range []string{recordOf(b), recordOf(b) + ".tokens", recordOf(b) + ".claims"} {
		require.NotContains(t, key, token)
		value := string(w.raw(t, key))
		for _, secret := range []string{token, "Zoë", "zoe@", "Report.Reader", "refresh-token", "token-of-graph", "contoso"} {
			require.NotContains(t, value, secret)
		}
	}
	require.Less(t, len(w.raw(t, recordOf(b))), 320, "what is read with each page stays small")
	b.keepPending(t, "a-state")
	require.NotContains(t, b.named("webapp_signin_").Name, "a-state")
	sealed, err := base64.RawURLEncoding.DecodeString(b.named("webapp_signin_").Value)
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "secret-of-a-state")
	require.NotContains(t, string(sealed), "/reports")
}

func TestTamperedRecordsAreNoSession(t *testing.T) {
	w := newWorld(t)
	b, other := w.newBrowser(), w.newBrowser()
	b.start(t)
	other.start(t)
	good := w.raw(t, recordOf(b))
	bad := map[string][]byte{
		"empty":              {},
		"short":              good[:10],
		"cut":                good[:len(good)-1],
		"longer":             append(good[:len(good):len(good)], 0),
		"another's record":   w.raw(t, recordOf(other)),
		"the grant's record": w.raw(t, recordOf(b)+".tokens"),
	}
	for i := 0; i < len(good); i += 17 {
		flipped := append([]byte(nil), good...)
		flipped[i] ^= 1
		bad["bit at "+string(rune('a'+i/17))] = flipped
	}
	for name, value := range bad {
		t.Run(name, func(t *testing.T) {
			w.overwrite(t, recordOf(b), value)
			_, err := b.current(t)
			require.ErrorIs(t, err, ports.ErrNoSession)
			require.Empty(t, b.last.Cookies())
		})
	}
	b.start(t)
	_, err := b.current(t)
	require.NoError(t, err, "signing in again mends it")
}

func TestLostOrUnreadableTokensAreEmpty(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	key := recordOf(b) + ".tokens"
	requireGrant := func(want ports.Tokens) {
		t.Helper()
		b.Do(t.Context(), func(ctx context.Context) {
			got, err := w.manager.Tokens(ctx)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
	w.overwrite(t, key, []byte("garbage"))
	requireGrant(ports.Tokens{})
	require.NoError(t, w.memory.Delete(t.Context(), key, ports.AnyVersion))
	requireGrant(ports.Tokens{})
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, putTokens(ctx, w.manager, ports.Tokens{Nonce: "n"}))
	})
	requireGrant(ports.Tokens{Nonce: "n"})
}

func TestTamperedPendingCookiesAreIgnored(t *testing.T) {
	w := newWorld(t)
	good := w.newBrowser()
	good.keepPending(t, "one")
	one := *good.cookies[0]
	good.keepPending(t, "two")
	two := *good.cookies[1]
	values := map[string]string{
		"empty":      "",
		"not base64": "abc.!!!",
		"another's":  two.Value,
		"cut":        one.Value[:len(one.Value)-4],
		"longer":     one.Value + "AAAA",
		"very long":  strings.Repeat("A", 3000),
	}
	for i := 0; i < len(one.Value)-1; i += 29 {
		swap := map[bool]string{true: "B", false: "A"}[one.Value[i] == 'A']
		values["changed at "+one.Value[:i]] = one.Value[:i] + swap + one.Value[i+1:]
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			b := w.newBrowser()
			b.put(&http.Cookie{Name: one.Name, Value: value})
			b.Do(t.Context(), func(ctx context.Context) {
				_, err := w.manager.Take(ctx, "one")
				require.ErrorIs(t, err, ports.ErrNoPendingSignIn)
				require.NoError(t, w.manager.Keep(ctx, portstest.SamplePending("three", start)))
			})
		})
	}
	good.Do(t.Context(), func(ctx context.Context) {
		_, err := w.manager.Take(ctx, "one")
		require.NoError(t, err)
	})
}

func TestKeysRotate(t *testing.T) {
	second := [][]byte{[]byte("fedcba9876543210fedcba9876543210")}
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	b.keepPending(t, "state")
	use := func(keys [][]byte) {
		next := w.instance(func(cfg *session.Config) { cfg.Keys = keys })
		w.manager = next
		w.server.Config.Handler = next.Middleware(http.HandlerFunc(w.serve))
	}
	before := w.raw(t, recordOf(b))
	use([][]byte{second[0], oneKey[0]})
	_, err := b.current(t)
	require.NoError(t, err, "the old key still opens")
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, w.manager.Touch(ctx, start, start.Add(time.Hour)))
		_, err := w.manager.Take(ctx, "state")
		require.NoError(t, err)
	})
	require.NotEqual(t, before[:2], w.raw(t, recordOf(b))[:2], "the new key seals")
	younger := w.newBrowser()
	younger.start(t)
	use(second)
	_, err = younger.current(t)
	require.NoError(t, err, "nobody needs the old key any more")
	_, err = b.current(t)
	require.ErrorIs(t, err, ports.ErrNoSession, "a session that no lookup finds could not be ended")
	use(oneKey)
	_, err = younger.current(t)
	require.ErrorIs(t, err, ports.ErrNoSession, "a key that is gone opens nothing, and that is no outage")
}

// A demo, or an application at another provider, can have the same key and store.
// Its sessions are no sessions here.
func TestNothingOpensInAnotherRealm(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	b.keepPending(t, "state")
	use := func(realm string) {
		w.manager = w.instance(func(cfg *session.Config) { cfg.Realm = realm })
		w.server.Config.Handler = w.manager.Middleware(http.HandlerFunc(w.serve))
	}
	use("another")
	_, err := b.current(t)
	require.ErrorIs(t, err, ports.ErrNoSession)
	b.Do(t.Context(), func(ctx context.Context) {
		id := portstest.SampleSession(start).Identity
		list, err := w.manager.SessionsOf(ctx, id.Issuer, id.Subject)
		require.NoError(t, err)
		require.Empty(t, list)
		_, err = w.manager.Take(ctx, "state")
		require.ErrorIs(t, err, ports.ErrNoPendingSignIn)
	})
	use("")
	_, err = b.current(t)
	require.NoError(t, err, "and nothing has been ended")
}

func TestSessionsAreFoundWhateverKeyTheyBeganUnder(t *testing.T) {
	w := newWorld(t)
	one, two := w.newBrowser(), w.newBrowser()
	one.start(t)
	w.manager = w.instance(func(cfg *session.Config) { cfg.Keys = [][]byte{[]byte("fedcba9876543210fedcba9876543210"), oneKey[0]} })
	w.server.Config.Handler = w.manager.Middleware(http.HandlerFunc(w.serve))
	two.start(t)
	one.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, w.manager.Touch(ctx, start, start.Add(time.Hour)))
		id := portstest.SampleSession(start).Identity
		list, err := w.manager.SessionsOf(ctx, id.Issuer, id.Subject)
		require.NoError(t, err)
		require.Len(t, list, 2)
		ended, err := w.manager.EndProviderSession(ctx, id.Issuer, "", id.ProviderSession, false)
		require.NoError(t, err)
		require.Equal(t, []ports.EndedSessions{{Identity: id, Live: 2}}, ended)
	})
	require.Zero(t, w.memory.Len())
}

func TestAStartThatFailsChangesNothing(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	records := w.memory.Len()
	for _, broken := range []func(portstest.StoreCall) bool{
		func(c portstest.StoreCall) bool { return c.Method == "Create" && strings.HasSuffix(c.Key, ".tokens") },
		func(c portstest.StoreCall) bool { return c.Method == "Create" && strings.HasSuffix(c.Key, ".claims") },
		func(c portstest.StoreCall) bool { return c.Method == "Create" && !strings.Contains(c.Key, ".") },
		func(c portstest.StoreCall) bool { return c.Method == "Delete" && c.Key == recordOf(b) },
	} {
		w.store.SetFault(func(c portstest.StoreCall) error {
			if broken(c) {
				return errors.New("connection reset")
			}
			return nil
		})
		b.Do(t.Context(), func(ctx context.Context) {
			_, err := w.manager.Start(ctx, portstest.SampleNew(start), false)
			require.ErrorIs(t, err, ports.ErrStoreUnavailable)
		})
		require.Empty(t, b.last.Cookies())
		w.store.SetFault(nil)
		_, err := b.current(t)
		require.NoError(t, err, "still signed in as before")
		require.Equal(t, records, w.memory.Len(), "nothing is left behind")
	}
}

func TestAnEndThatFailsHalfwayIsCompletedByTheNext(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	w.store.SetFault(func(c portstest.StoreCall) error {
		if strings.HasSuffix(c.Key, ".tokens") {
			return errors.New("connection reset")
		}
		return nil
	})
	end := func() (err error) {
		b.Do(t.Context(), func(ctx context.Context) { err = failure(w.manager.End(ctx, false)) })
		return err
	}
	require.ErrorIs(t, end(), ports.ErrStoreUnavailable)
	w.store.SetFault(nil)
	require.NoError(t, end())
	require.Zero(t, w.memory.Len())
	require.Empty(t, b.cookies)
}

func TestTokensThatAnEndLeftBehindAreNotWritten(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.start(t)
	left := recordOf(b) + ".tokens"
	before := w.raw(t, left)
	b.Do(t.Context(), func(slow context.Context) {
		_, err := w.manager.Current(slow)
		require.NoError(t, err)
		require.NoError(t, w.memory.Delete(t.Context(), recordOf(b), ports.AnyVersion))
		require.ErrorIs(t, putTokens(slow, w.manager, portstest.SampleTokens(start)), ports.ErrNoSession)
	})
	require.Equal(t, before, w.raw(t, left))
}

// The session ends between the two times that UpdateTokens checks it.
func TestTheFirstTokensRaceTheEnd(t *testing.T) {
	w := newWorld(t)
	b := w.newBrowser()
	b.Do(t.Context(), func(ctx context.Context) {
		require.NoError(t, failure(w.manager.Start(ctx, ports.NewSession{Session: portstest.SampleSession(start)}, false)))
	})
	twin := b.copy()
	w.store.SetFault(func(c portstest.StoreCall) error {
		if c.Method == "Create" {
			w.store.SetFault(nil)
			twin.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(w.manager.End(ctx, false))) })
		}
		return nil
	})
	b.Do(t.Context(), func(ctx context.Context) {
		require.ErrorIs(t, putTokens(ctx, w.manager, portstest.SampleTokens(start)), ports.ErrNoSession)
	})
	require.Zero(t, w.memory.Len(), "no grant is left of a session that has ended")
}

func TestACrossSiteCallbackEndsTheFormerSession(t *testing.T) {
	w := newWorld(t, formPost)
	b := w.newBrowser()
	b.start(t)
	former := b.copy()
	reference := b.named("__Host-webapp_session_ref")
	b.keepPending(t, "state")

	callback := b
	callback.crossSite = true
	callback.Do(t.Context(), func(ctx context.Context) {
		_, err := w.manager.Current(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession, "the reference signs nobody in")
		_, err = w.manager.Take(ctx, "state")
		require.NoError(t, err, "the pending sign-in comes along")
		ended, err := w.manager.Start(ctx, ports.NewSession{Session: portstest.SampleSession(start)}, false)
		require.NoError(t, err)
		require.Len(t, ended, 1, "the reference names what has ended")
		require.Equal(t, portstest.SampleSession(start).Identity, ended[0].Identity)
	})
	callback.crossSite = false
	_, err := b.current(t)
	require.NoError(t, err)
	_, err = former.current(t)
	require.ErrorIs(t, err, ports.ErrNoSession)

	thief := w.newBrowser()
	thief.put(&http.Cookie{Name: "__Host-webapp_session", Value: reference.Value})
	_, err = thief.current(t)
	require.ErrorIs(t, err, ports.ErrNoSession, "a reference is no token")
}

// A cross-site POST refers to the session but signs nobody in.
func TestACrossSiteFormRefersToTheSession(t *testing.T) {
	referred := func(w *world, b *browser) (s ports.Session, err error) {
		b.crossSite = true
		b.Do(w.t.Context(), func(ctx context.Context) { s, err = w.manager.ReferencedSession(ctx) })
		b.crossSite = false
		return s, err
	}
	w := newWorld(t, formPost)
	b := w.newBrowser()
	_, err := referred(w, b)
	require.ErrorIs(t, err, ports.ErrNoSession, "a stranger")
	b.start(t)
	s, err := referred(w, b)
	require.NoError(t, err)
	require.Equal(t, portstest.SampleSession(start).Identity, s.Identity)

	other := w.newBrowser()
	other.start(t)
	forged := w.newBrowser()
	forged.put(&http.Cookie{Name: "__Host-webapp_session_ref", Value: b.named("__Host-webapp_session").Value, SameSite: http.SameSiteNoneMode})
	_, err = referred(w, forged)
	require.ErrorIs(t, err, ports.ErrNoSession, "a token is no reference")
	for _, from := range []*browser{b, other} {
		forged.cookies = append(forged.cookies, from.named("__Host-webapp_session_ref"))
	}
	_, err = referred(w, forged)
	require.ErrorIs(t, err, ports.ErrNoSession, "several references are none")

	w.store.SetFault(func(portstest.StoreCall) error { return errors.New("refused") })
	_, err = referred(w, b)
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	w.store.SetFault(nil)
	copied := b.copy()
	b.Do(t.Context(), func(ctx context.Context) { require.NoError(t, failure(w.manager.End(ctx, false))) })
	_, err = referred(w, copied)
	require.ErrorIs(t, err, ports.ErrNoSession, "an ended session is referred to by nobody")

	query := newWorld(t, secure)
	visitor := query.newBrowser()
	visitor.start(t)
	visitor.put(&http.Cookie{Name: "__Host-webapp_session_ref", Value: visitor.named("__Host-webapp_session").Value})
	_, err = referred(query, visitor)
	require.ErrorIs(t, err, ports.ErrNoSession, "without cross-site callbacks there are no references")
}

func TestReady(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.manager.Ready(t.Context()))
	w.store.SetFault(func(portstest.StoreCall) error { return errors.New("refused") })
	require.ErrorIs(t, w.manager.Ready(t.Context()), ports.ErrStoreUnavailable)
	direct := w.instance(func(cfg *session.Config) { cfg.Store = w.memory })
	require.NoError(t, direct.Ready(t.Context()))
}

func TestConfigurationFaultsAreAllNamed(t *testing.T) {
	_, err := session.New(session.Config{CrossSiteCallback: true})
	for _, fault := range []string{"no store", "no key", "lifetime", "https"} {
		require.ErrorContains(t, err, fault)
	}
	_, err = session.New(session.Config{Store: newWorld(t).store, Lifetime: time.Hour, Keys: [][]byte{oneKey[0], []byte("short")}})
	require.ErrorContains(t, err, "key 2 has 5 bytes instead of 32")
}

func TestTwoManagersDoNotTakeEachOthersBrowsers(t *testing.T) {
	w := newWorld(t)
	other := w.instance()
	w.newBrowser().Do(t.Context(), func(ctx context.Context) {
		_, err := other.Current(ctx)
		require.ErrorIs(t, err, ports.ErrNoBrowser)
	})
}
