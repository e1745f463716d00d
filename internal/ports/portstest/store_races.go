package portstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func storeRaces() []named[StoreHarness] {
	return []named[StoreHarness]{
		{"one of many creators succeeds", storeCreateRace},
		{"one of many replacers succeeds", storeReplaceRace},
		{"one of many deleters succeeds", storeDeleteOnce},
		{"no increment is lost", storeIncrements},
		{"delete against replace in flight", storeDeleteRace},
		{"many keys at the same time", storeConcurrent},
		{"readers see the old or the new value", storeWholeValues},
	}
}

func storeCreateRace(t *testing.T, h StoreHarness) {
	stores := []ports.SessionStore{h.Store, h.other(t)}
	for round := range 20 {
		requireOneSucceeds(t, ports.ErrRecordExists, func(i int) error {
			_, err := stores[i%2].Create(t.Context(), h.record(fmt.Sprint("race-", round), "v", "index"))
			return err
		})
	}
}

func storeReplaceRace(t *testing.T, h StoreHarness) {
	stores := []ports.SessionStore{h.Store, h.other(t)}
	v := h.create(t, h.record("k", "start"))
	for range 20 {
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				next, err := stores[i%2].Replace(t.Context(), h.record("k", fmt.Sprint(i)), v)
				if err == nil {
					assert.True(t, won.CompareAndSwap(0, int64(next)), "two replaced the same version")
					return
				}
				assert.ErrorIs(t, err, ports.ErrRecordChanged)
			})
		}
		wg.Wait()
		found, err := h.Store.Find(t.Context(), "k")
		require.NoError(t, err)
		require.EqualValues(t, won.Load(), found.Version)
		v = found.Version
	}
}

// increment adds one to the number in r, and tries again after ports.ErrRecordChanged.
func increment(ctx context.Context, s ports.SessionStore, r ports.Record) error {
	for {
		found, err := s.Find(ctx, r.Key)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(found.Value))
		if err != nil {
			return err
		}
		r.Value = []byte(strconv.Itoa(n + 1))
		if _, err = s.Replace(ctx, r, found.Version); !errors.Is(err, ports.ErrRecordChanged) {
			return err
		}
	}
}

func storeIncrements(t *testing.T, h StoreHarness) {
	const workers, each = 6, 25
	stores := []ports.SessionStore{h.Store, h.other(t)}
	h.create(t, h.record("counter", "0", "index"))
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for range each {
				assert.NoError(t, increment(t.Context(), stores[i%2], h.record("counter", "", "index")))
			}
		})
	}
	wg.Wait()
	h.requireValue(t, "counter", strconv.Itoa(workers*each))
	h.requireKeys(t, "index", "counter")
}

func storeDeleteRace(t *testing.T, h StoreHarness) {
	stores := []ports.SessionStore{h.Store, h.other(t)}
	for round := range 20 {
		key := fmt.Sprint("raced-", round)
		h.create(t, h.record(key, "0", "index"))
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				err := increment(t.Context(), stores[i%2], h.record(key, "", "index"))
				if err != nil {
					assert.ErrorIs(t, err, ports.ErrNoRecord)
				}
			})
		}
		wg.Go(func() { assert.NoError(t, stores[1].Delete(t.Context(), key, ports.AnyVersion)) })
		wg.Wait()
		h.requireNone(t, key)
		h.requireKeys(t, "index")
	}
}

func storeDeleteOnce(t *testing.T, h StoreHarness) {
	stores := []ports.SessionStore{h.Store, h.other(t)}
	for round := range 20 {
		key := fmt.Sprint("deleted-", round)
		v := h.create(t, h.record(key, "v", "index"))
		requireOneSucceeds(t, ports.ErrNoRecord, func(i int) error { return stores[i%2].Delete(t.Context(), key, v) })
		h.requireNone(t, key)
		h.requireKeys(t, "index")
	}
}

func storeConcurrent(t *testing.T, h StoreHarness) {
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 50 {
				key := fmt.Sprint(worker, "-", i)
				v, err := h.Store.Create(t.Context(), h.record(key, key))
				assert.NoError(t, err)
				_, err = h.Store.Replace(t.Context(), h.record(key, key+"!"), v)
				assert.NoError(t, err)
				got, err := h.Store.Find(t.Context(), key)
				assert.NoError(t, err)
				assert.Equal(t, key+"!", string(got.Value))
				if i%2 == 0 {
					assert.NoError(t, h.Store.Delete(t.Context(), key, got.Version))
				}
			}
		})
	}
	wg.Wait()
	h.requireNone(t, "3-0")
	h.requireValue(t, "3-1", "3-1!")
}

func storeWholeValues(t *testing.T, h StoreHarness) {
	h.create(t, h.record("k", strings.Repeat("a", 4096)))
	var wg sync.WaitGroup
	for _, letter := range []string{"b", "c"} {
		wg.Go(func() {
			for range 50 {
				found, err := h.Store.Find(t.Context(), "k")
				assert.NoError(t, err)
				_, err = h.Store.Replace(t.Context(), h.record("k", strings.Repeat(letter, 4096)), found.Version)
				if err != nil {
					assert.ErrorIs(t, err, ports.ErrRecordChanged)
				}
			}
		})
	}
	for range 100 {
		got, err := h.Store.Find(t.Context(), "k")
		require.NoError(t, err)
		require.Len(t, got.Value, 4096)
		require.Empty(t, bytes.Trim(got.Value, string(got.Value[:1])), "parts of two values")
	}
	wg.Wait()
}
