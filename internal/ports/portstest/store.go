package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// StoreHarness is what the suites need of a session store. A suite asks for a
// new one, with no record in it, in each test.
type StoreHarness struct {
	Store ports.SessionStore
	// New returns another handle onto the same records, as another instance of
	// the application has one. nil where only one handle can have them.
	New func(t *testing.T) ports.SessionStore
	// Now and Advance are the clock that the store tells the time by. Advance
	// may wait where that clock is a server's own. nil means that time stands
	// still during the suite, and expiry goes unchecked.
	Now     func() time.Time
	Advance func(time.Duration)
	// Sweep lets the store remove expired records once, as it does by itself in
	// the background, and returns when that is done. nil where the store does it
	// without being told, within storeSweeping.
	Sweep func()
	// Kept returns how many records take up room, those included that have
	// expired and wait to be removed. Needed wherever Advance is given.
	Kept func(t *testing.T) int
	// Outage takes the server away, and with false brings it back with the
	// records it had; it returns when that is done. nil where there is nothing
	// to take away.
	Outage func(down bool)
}

// storePatience is how long any method of a store may take.
const storePatience = 5 * time.Second

// SessionStore checks an adapter against the contract of ports.SessionStore.
func SessionStore(t *testing.T, newHarness func(t *testing.T) StoreHarness) {
	runAll(t, newHarness,
		storeBasics(), storeVersions(), storeIndexes(), storeExpiries(), storeRaces(), storeOutages(), storeCounts(),
	)
}

func (h StoreHarness) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

// other returns another handle, or the only one there is.
func (h StoreHarness) other(t *testing.T) ports.SessionStore {
	if h.New == nil {
		return h.Store
	}
	return h.New(t)
}

func (h StoreHarness) record(key, value string, indexes ...string) ports.Record {
	return ports.Record{Key: key, Value: []byte(value), Expires: h.now().Add(time.Hour), Indexes: indexes}
}

// A brief record is still there long after a slow machine has gone on, and has
// run out when pastBrief has passed, also in a store that counts whole seconds.
const (
	briefLife = 30 * time.Second
	pastBrief = briefLife + 15*time.Second
)

// brief returns a record that lives for briefLife.
func (h StoreHarness) brief(key, value string, indexes ...string) ports.Record {
	r := h.record(key, value, indexes...)
	r.Expires = h.now().Add(briefLife)
	return r
}

func (h StoreHarness) create(t *testing.T, r ports.Record) ports.Version {
	t.Helper()
	v, err := h.Store.Create(t.Context(), r)
	require.NoError(t, err)
	require.NotEqual(t, ports.AnyVersion, v)
	return v
}

func (h StoreHarness) replace(t *testing.T, r ports.Record, v ports.Version) ports.Version {
	t.Helper()
	next, err := h.Store.Replace(t.Context(), r, v)
	require.NoError(t, err)
	require.NotEqual(t, ports.AnyVersion, next)
	return next
}

// requireReplace asserts how a Replace fails.
func (h StoreHarness) requireReplace(t *testing.T, cause error, r ports.Record, v ports.Version) {
	t.Helper()
	_, err := h.Store.Replace(t.Context(), r, v)
	require.ErrorIs(t, err, cause)
}

func (h StoreHarness) delete(t *testing.T, key string) {
	t.Helper()
	require.NoError(t, h.Store.Delete(t.Context(), key, ports.AnyVersion))
}

// requireValue returns the version that was found.
func (h StoreHarness) requireValue(t *testing.T, key, want string) ports.Version {
	t.Helper()
	got, err := h.Store.Find(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, want, string(got.Value))
	require.Equal(t, key, got.Key)
	require.NotEqual(t, ports.AnyVersion, got.Version)
	return got.Version
}

func (h StoreHarness) requireNone(t *testing.T, key string) {
	t.Helper()
	got, err := h.Store.Find(t.Context(), key)
	require.ErrorIs(t, err, ports.ErrNoRecord)
	require.Empty(t, got.Value)
}

func (h StoreHarness) requireKeys(t *testing.T, index string, want ...string) {
	t.Helper()
	requireKeysOf(t, h.Store, index, want...)
}

func requireKeysOf(t *testing.T, s ports.SessionStore, index string, want ...string) {
	t.Helper()
	got, err := s.Keys(context.WithoutCancel(t.Context()), index)
	require.NoError(t, err)
	require.ElementsMatch(t, want, got)
}
