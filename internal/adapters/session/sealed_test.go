package session

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// The tests in this file have the sealing key. They check that a correctly sealed
// value alone is not enough.

func newSealing(t *testing.T) (*Manager, *memory.Store) {
	t.Helper()
	clock := portstest.NewClock(codecStart)
	store := memory.New(clock.Now)
	t.Cleanup(func() { _ = store.Close() })
	m, err := New(Config{Store: store, Keys: [][]byte{make([]byte, keySize)}, Lifetime: time.Hour, Clock: clock.Now})
	require.NoError(t, err)
	return m, store
}

// visit sends a request with a cookie.
func visit(t *testing.T, m *Manager, name, value string, do func(ctx context.Context)) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: name, Value: value})
	m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { do(r.Context()) })).
		ServeHTTP(httptest.NewRecorder(), r)
}

func createRecord(t *testing.T, m *Manager, e entry) {
	t.Helper()
	_, err := m.records.create(t.Context(), e)
	require.NoError(t, err)
}

func TestARecordOfAnotherVersionIsNoSession(t *testing.T) {
	m, _ := newSealing(t)
	token := strings.Repeat("t", tokenSize)
	expires := codecStart.Add(time.Hour)
	createRecord(t, m, entry{key: sessionKey(token), value: []byte{99, 1, 2, 3}, expires: expires})
	visit(t, m, m.cookies.session, token, func(ctx context.Context) {
		_, err := m.Current(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession)
		require.NotErrorIs(t, err, ports.ErrStoreUnavailable)
	})
}

func TestARecordThatTheStoreKeptTooLongIsNoSession(t *testing.T) {
	m, _ := newSealing(t)
	token := strings.Repeat("t", tokenSize)
	s := keptSession{Session: portstest.SampleSession(codecStart.Add(-2 * time.Hour)), indexedBy: m.keys.Load().first().id}
	createRecord(t, m, entry{key: sessionKey(token), value: encodeSession(&s), expires: codecStart.Add(time.Hour)})
	visit(t, m, m.cookies.session, token, func(ctx context.Context) {
		_, err := m.Current(ctx)
		require.ErrorIs(t, err, ports.ErrNoSession)
	})
}

func TestACookieIsNoRecordAndARecordNoCookie(t *testing.T) {
	m, _ := newSealing(t)
	sealed := m.keys.Load().seal(inCookie, "name", []byte("plain"))
	_, ok := m.keys.Load().open(inRecord, "name", bytes.Clone(sealed))
	require.False(t, ok)
	plain, ok := m.keys.Load().open(inCookie, "name", sealed)
	require.True(t, ok)
	require.Equal(t, "plain", string(plain))
}

func TestKeysOfOneIDAreTriedInTurn(t *testing.T) {
	s, err := newSealer([][]byte{bytes.Repeat([]byte{1}, keySize), bytes.Repeat([]byte{2}, keySize), bytes.Repeat([]byte{3}, keySize)}, "")
	require.NoError(t, err)
	for i := range s.keys {
		s.keys[i].id = keyID{7, 7}
	}
	for i := range s.keys {
		sealed := (&sealer{keys: s.keys[i:]}).seal(inRecord, "name", []byte("plain"))
		plain, ok := s.open(inRecord, "name", sealed)
		require.True(t, ok, i)
		require.Equal(t, "plain", string(plain))
	}
}
