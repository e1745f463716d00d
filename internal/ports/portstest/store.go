package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// StoreHarness contains a session store, and the functions that the suite needs to
// test it. The store of a new harness is empty.
type StoreHarness struct {
	Store ports.SessionStore
	// New returns another handle to the same records, as another instance of the
	// application has. It is nil if there can be only one handle.
	New func(t *testing.T) ports.SessionStore
	// Now and Advance are the store's clock. If it is a server's own clock, Advance
	// may wait. If Advance is nil, the suite does not test expiry.
	Now     func() time.Time
	Advance func(time.Duration)
	// Sweep makes the store remove expired records now. It is nil if the store does
	// that in the background within storeSweeping.
	Sweep func()
	// Kept returns the number of records in the store, expired ones included. It is
	// required together with Advance.
	Kept func(t *testing.T) int
	// Outage stops the server (true) or starts it again with the same records
	// (false), and returns when that is done. It is nil if there is no server.
	Outage func(down bool)
}

// storePatience is how long any method of a store may take.
const storePatience = 5 * time.Second

// SessionStore tests an adapter against the contract of ports.SessionStore.
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

// other returns another handle, or Store if there is only one.
func (h StoreHarness) other(t *testing.T) ports.SessionStore {
	if h.New == nil {
		return h.Store
	}
	return h.New(t)
}

func (h StoreHarness) record(key, value string, indexes ...string) ports.Record {
	return ports.Record{Key: key, Value: []byte(value), Expires: h.now().Add(time.Hour), Indexes: indexes}
}

// A brief record lives long enough for a slow machine. After pastBrief it has expired,
// also in a store with times in whole seconds.
const (
	briefLife = 30 * time.Second
	pastBrief = briefLife + 15*time.Second
)

// brief returns a record that expires after briefLife.
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

// requireReplace requires that Replace fails with cause.
func (h StoreHarness) requireReplace(t *testing.T, cause error, r ports.Record, v ports.Version) {
	t.Helper()
	_, err := h.Store.Replace(t.Context(), r, v)
	require.ErrorIs(t, err, cause)
}

func (h StoreHarness) delete(t *testing.T, key string) {
	t.Helper()
	require.NoError(t, h.Store.Delete(t.Context(), key, ports.AnyVersion))
}

// requireValue requires that a record has this value, and returns its version.
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
