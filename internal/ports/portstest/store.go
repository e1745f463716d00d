package portstest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// StoreHarness is what the suite needs of a session store.
type StoreHarness struct {
	Store ports.SessionStore
	// Now and Advance are the clock that the store tells the time by. Advance
	// may wait where that clock is a server's own. nil means that time stands
	// still during the suite, and expiry goes unchecked.
	Now     func() time.Time
	Advance func(time.Duration)
	// Down makes the store unreachable and reachable again; nil where it
	// cannot be.
	Down func(bool)
}

// SessionStore checks an adapter against the contract of ports.SessionStore.
func SessionStore(t *testing.T, newHarness func(t *testing.T) StoreHarness) {
	for name, test := range map[string]func(*testing.T, StoreHarness){
		"nothing there":                        storeEmpty,
		"a value comes back":                   storeRoundTrip,
		"values and keys of every kind":        storeOdd,
		"a key is taken once":                  storeCreateTwice,
		"one of many creators succeeds":        storeCreateRace,
		"replace changes what is there":        storeReplace,
		"delete is final":                      storeDelete,
		"values belong to the store":           storeCopies,
		"records run out":                      storeExpire,
		"replace moves the expiry":             storeReplaceExpiry,
		"an expired key is free again":         storeReuse,
		"a replace never revives":              storeNoRevival,
		"many keys at the same time":           storeConcurrent,
		"many records run out":                 storeExpireMany,
		"unreachable and reachable again":      storeDown,
		"readers see the old or the new value": storeWholeValues,
	} {
		t.Run(name, func(t *testing.T) { test(t, newHarness(t)) })
	}
}

func (h StoreHarness) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}

func (h StoreHarness) record(key, value string) ports.Record {
	return ports.Record{Key: key, Value: []byte(value), Expires: h.now().Add(time.Hour)}
}

func (h StoreHarness) requireValue(t *testing.T, key, want string) {
	t.Helper()
	got, err := h.Store.Find(t.Context(), key)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

func (h StoreHarness) requireNone(t *testing.T, key string) {
	t.Helper()
	got, err := h.Store.Find(t.Context(), key)
	require.ErrorIs(t, err, ports.ErrNoRecord)
	require.Nil(t, got)
}

func storeEmpty(t *testing.T, h StoreHarness) {
	h.requireNone(t, "k")
	require.ErrorIs(t, h.Store.Replace(t.Context(), h.record("k", "v")), ports.ErrNoRecord)
	require.NoError(t, h.Store.Delete(t.Context(), "k"))
	h.requireNone(t, "k")
}

func storeRoundTrip(t *testing.T, h StoreHarness) {
	require.NoError(t, h.Store.Create(t.Context(), h.record("one", "1")))
	require.NoError(t, h.Store.Create(t.Context(), h.record("two", "2")))
	h.requireValue(t, "one", "1")
	h.requireValue(t, "one", "1")
	h.requireValue(t, "two", "2")
}

func storeOdd(t *testing.T, h StoreHarness) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for key, value := range map[string]string{
		"binary": string(all),
		"empty":  "",
		"large":  strings.Repeat("v", 64<<10),
		"wq7rXk2N8mZ0aYtVbH4cPdJ1sLgE5uF9oQxTnR3iKv-":       "token hash",
		"wq7rXk2N8mZ0aYtVbH4cPdJ1sLgE5uF9oQxTnR3iKv-.grant": "beside it",
		"WQ7RXK2N8MZ0AYTVBH4CPDJ1SLGE5UF9OQXTNR3IKV-":       "in other case",
	} {
		require.NoError(t, h.Store.Create(t.Context(), h.record(key, value)))
		h.requireValue(t, key, value)
	}
}

func storeCreateTwice(t *testing.T, h StoreHarness) {
	require.NoError(t, h.Store.Create(t.Context(), h.record("k", "first")))
	require.ErrorIs(t, h.Store.Create(t.Context(), h.record("k", "second")), ports.ErrRecordExists)
	h.requireValue(t, "k", "first")
}

func storeCreateRace(t *testing.T, h StoreHarness) {
	for round := range 20 {
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				err := h.Store.Create(t.Context(), h.record(fmt.Sprint("race-", round), "v"))
				if err == nil {
					won.Add(1)
					return
				}
				assert.ErrorIs(t, err, ports.ErrRecordExists)
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, won.Load())
	}
}

func storeReplace(t *testing.T, h StoreHarness) {
	require.NoError(t, h.Store.Create(t.Context(), h.record("k", "old")))
	for _, value := range []string{"new", "", strings.Repeat("longer", 1000), "short"} {
		require.NoError(t, h.Store.Replace(t.Context(), h.record("k", value)))
		h.requireValue(t, "k", value)
	}
}

func storeDelete(t *testing.T, h StoreHarness) {
	require.NoError(t, h.Store.Create(t.Context(), h.record("k", "v")))
	require.NoError(t, h.Store.Create(t.Context(), h.record("other", "o")))
	require.NoError(t, h.Store.Delete(t.Context(), "k"))
	require.NoError(t, h.Store.Delete(t.Context(), "k"))
	h.requireNone(t, "k")
	h.requireValue(t, "other", "o")
	require.ErrorIs(t, h.Store.Replace(t.Context(), h.record("k", "again")), ports.ErrNoRecord)
	h.requireNone(t, "k")
	require.NoError(t, h.Store.Create(t.Context(), h.record("k", "anew")))
	h.requireValue(t, "k", "anew")
}

func storeCopies(t *testing.T, h StoreHarness) {
	r := h.record("k", "value")
	require.NoError(t, h.Store.Create(t.Context(), r))
	r.Value[0] = 'X'
	h.requireValue(t, "k", "value")
	got, err := h.Store.Find(t.Context(), "k")
	require.NoError(t, err)
	got[0] = 'Y'
	h.requireValue(t, "k", "value")
}

func storeExpire(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	r := h.record("k", "v")
	r.Expires = h.now().Add(2 * time.Second)
	require.NoError(t, h.Store.Create(t.Context(), r))
	require.NoError(t, h.Store.Create(t.Context(), h.record("stays", "s")))
	h.Advance(time.Second)
	h.requireValue(t, "k", "v")
	h.Advance(2 * time.Second)
	h.requireNone(t, "k")
	require.NoError(t, h.Store.Delete(t.Context(), "k"))
	h.requireValue(t, "stays", "s")
}

func storeReplaceExpiry(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	later, sooner := h.record("later", "l"), h.record("sooner", "s")
	later.Expires = h.now().Add(2 * time.Second)
	require.NoError(t, h.Store.Create(t.Context(), later))
	require.NoError(t, h.Store.Create(t.Context(), sooner))
	later.Expires, sooner.Expires = sooner.Expires, later.Expires
	require.NoError(t, h.Store.Replace(t.Context(), later))
	require.NoError(t, h.Store.Replace(t.Context(), sooner))
	h.Advance(3 * time.Second)
	h.requireValue(t, "later", "l")
	h.requireNone(t, "sooner")
}

func storeReuse(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	r := h.record("k", "old")
	r.Expires = h.now().Add(time.Second)
	require.NoError(t, h.Store.Create(t.Context(), r))
	h.Advance(2 * time.Second)
	require.NoError(t, h.Store.Create(t.Context(), h.record("k", "new")))
	h.requireValue(t, "k", "new")
}

func storeNoRevival(t *testing.T, h StoreHarness) {
	if h.Advance != nil {
		r := h.record("expired", "v")
		r.Expires = h.now().Add(time.Second)
		require.NoError(t, h.Store.Create(t.Context(), r))
		h.Advance(2 * time.Second)
		require.ErrorIs(t, h.Store.Replace(t.Context(), h.record("expired", "again")), ports.ErrNoRecord)
		h.requireNone(t, "expired")
	}
	for round := range 20 {
		key := fmt.Sprint("raced-", round)
		require.NoError(t, h.Store.Create(t.Context(), h.record(key, "v")))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if err := h.Store.Replace(t.Context(), h.record(key, "late")); err != nil {
					assert.ErrorIs(t, err, ports.ErrNoRecord)
				}
			})
		}
		wg.Go(func() { assert.NoError(t, h.Store.Delete(t.Context(), key)) })
		wg.Wait()
		h.requireNone(t, key)
	}
}

func storeConcurrent(t *testing.T, h StoreHarness) {
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 50 {
				key := fmt.Sprint(worker, "-", i)
				assert.NoError(t, h.Store.Create(t.Context(), h.record(key, key)))
				assert.NoError(t, h.Store.Replace(t.Context(), h.record(key, key+"!")))
				got, err := h.Store.Find(t.Context(), key)
				assert.NoError(t, err)
				assert.Equal(t, key+"!", string(got))
				if i%2 == 0 {
					assert.NoError(t, h.Store.Delete(t.Context(), key))
				}
			}
		})
	}
	wg.Wait()
	h.requireNone(t, "3-0")
	h.requireValue(t, "3-1", "3-1!")
}

func storeExpireMany(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	const records = 500
	for i := range records {
		r := h.record(fmt.Sprint("r", i), fmt.Sprint("v", i))
		if i%2 == 0 {
			r.Expires = h.now().Add(2 * time.Second)
		}
		require.NoError(t, h.Store.Create(t.Context(), r))
	}
	h.Advance(3 * time.Second)
	for i := range records {
		if i%2 == 0 {
			h.requireNone(t, fmt.Sprint("r", i))
		} else {
			h.requireValue(t, fmt.Sprint("r", i), fmt.Sprint("v", i))
		}
	}
}

func storeDown(t *testing.T, h StoreHarness) {
	if h.Down == nil {
		return
	}
	require.NoError(t, h.Store.Create(t.Context(), h.record("k", "v")))
	h.Down(true)
	_, err := h.Store.Find(t.Context(), "k")
	require.ErrorIs(t, err, ports.ErrStoreUnavailable)
	require.NotErrorIs(t, err, ports.ErrNoRecord)
	require.ErrorIs(t, h.Store.Create(t.Context(), h.record("new", "n")), ports.ErrStoreUnavailable)
	require.ErrorIs(t, h.Store.Replace(t.Context(), h.record("k", "x")), ports.ErrStoreUnavailable)
	require.ErrorIs(t, h.Store.Delete(t.Context(), "k"), ports.ErrStoreUnavailable)
	if probe, ok := h.Store.(ports.StoreReadiness); ok {
		require.ErrorIs(t, probe.Ready(t.Context()), ports.ErrStoreUnavailable)
	}
	h.Down(false)
	h.requireValue(t, "k", "v")
	h.requireNone(t, "new")
}

func storeWholeValues(t *testing.T, h StoreHarness) {
	require.NoError(t, h.Store.Create(t.Context(), h.record("k", strings.Repeat("a", 4096))))
	var wg sync.WaitGroup
	for _, letter := range []string{"b", "c"} {
		wg.Go(func() {
			for range 50 {
				assert.NoError(t, h.Store.Replace(t.Context(), h.record("k", strings.Repeat(letter, 4096))))
			}
		})
	}
	for range 100 {
		got, err := h.Store.Find(t.Context(), "k")
		require.NoError(t, err)
		require.Len(t, got, 4096)
		require.Len(t, bytes.Trim(got, string(got[:1])), 0, "parts of two values")
	}
	wg.Wait()
}
