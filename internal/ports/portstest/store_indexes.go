package portstest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func storeIndexes() []named[StoreHarness] {
	return []named[StoreHarness]{
		{"records are found by their indexes", storeIndex},
		{"a deleted record leaves its indexes", storeIndexDelete},
		{"an expired record leaves its indexes", storeIndexExpire},
		{"a prolonged record stays in its index", storeIndexProlonged},
		{"long and short lives share an index", storeIndexMixed},
		{"a reused key with another index", storeIndexReuse},
		{"more keys than Keys returns", storeIndexMany},
		{"indexes and keys are apart", storeIndexApart},
		{"many records come and go under indexes", storeIndexConcurrent},
	}
}

func storeIndex(t *testing.T, h StoreHarness) {
	h.create(t, h.record("a", "1", "user-1", "sid-1"))
	v := h.create(t, h.record("b", "2", "user-1", "sid-2"))
	h.create(t, h.record("c", "3", "user-2"))
	h.create(t, h.record("d", "4"))
	check := func() {
		t.Helper()
		h.requireKeys(t, "user-1", "a", "b")
		h.requireKeys(t, "user-2", "c")
		h.requireKeys(t, "sid-1", "a")
		h.requireKeys(t, "sid-2", "b")
		h.requireKeys(t, "user-3")
		h.requireKeys(t, "user")
	}
	check()
	h.replace(t, h.record("b", "2!", "user-1", "sid-2"), v)
	check()
}

func storeIndexDelete(t *testing.T, h StoreHarness) {
	for _, key := range []string{"a", "b", "c"} {
		h.create(t, h.record(key, "v", "index", "of "+key))
	}
	h.delete(t, "b")
	h.requireKeys(t, "index", "a", "c")
	h.requireKeys(t, "of b")
	h.delete(t, "a")
	h.delete(t, "c")
	h.requireKeys(t, "index")
}

func storeIndexExpire(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	h.create(t, h.brief("k", "v", "index"))
	h.requireKeys(t, "index", "k")
	h.Advance(pastBrief)
	h.requireKeys(t, "index")
}

func storeIndexProlonged(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	v := h.create(t, h.brief("prolonged", "v", "index"))
	w := h.create(t, h.record("cut short", "v", "index"))
	h.replace(t, h.record("prolonged", "v", "index"), v)
	h.replace(t, h.brief("cut short", "v", "index"), w)
	h.Advance(pastBrief)
	h.requireKeys(t, "index", "prolonged")
}

func storeIndexMixed(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	h.create(t, h.record("long, first", "v", "one"))
	h.create(t, h.brief("short, then", "v", "one"))
	h.create(t, h.brief("short, first", "v", "two"))
	h.create(t, h.record("long, then", "v", "two"))
	h.Advance(pastBrief)
	h.requireKeys(t, "one", "long, first")
	h.requireKeys(t, "two", "long, then")
}

func storeIndexReuse(t *testing.T, h StoreHarness) {
	h.create(t, h.record("deleted", "v", "old"))
	h.delete(t, "deleted")
	h.create(t, h.record("deleted", "v", "new"))
	h.requireKeys(t, "old")
	h.requireKeys(t, "new", "deleted")
	if h.Advance == nil {
		return
	}
	h.create(t, h.brief("expired", "v", "old"))
	h.Advance(pastBrief)
	h.create(t, h.record("expired", "v", "new"))
	h.requireKeys(t, "old")
	h.requireKeys(t, "new", "deleted", "expired")
	h.delete(t, "expired")
	h.requireKeys(t, "new", "deleted")
}

func storeIndexMany(t *testing.T, h StoreHarness) {
	const records = ports.MaxKeys + 150
	var wg sync.WaitGroup
	for worker := range 10 {
		wg.Go(func() {
			for i := worker; i < records; i += 10 {
				_, err := h.Store.Create(t.Context(), h.record(fmt.Sprint("many-", i), "v", "index"))
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, want := range []int{ports.MaxKeys, records - ports.MaxKeys, 0} {
		keys, err := h.Store.Keys(t.Context(), "index")
		require.NoError(t, err)
		require.Len(t, keys, want)
		for _, key := range keys {
			require.False(t, seen[key], "a key came twice, or after its record was deleted")
			seen[key] = true
			h.delete(t, key)
		}
	}
	require.Len(t, seen, records)
}

func storeIndexApart(t *testing.T, h StoreHarness) {
	h.create(t, h.record("name", "v", "other"))
	h.create(t, h.record("key", "v", "name"))
	h.requireKeys(t, "name", "key")
	h.requireKeys(t, "key")
	h.requireNone(t, "other")
	h.delete(t, "name")
	h.requireKeys(t, "name", "key")
	h.requireValue(t, "key", "v")
}

func storeIndexConcurrent(t *testing.T, h StoreHarness) {
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 20 {
				key := fmt.Sprint(worker, "-", i)
				_, err := h.Store.Create(t.Context(), h.record(key, "v", "shared", fmt.Sprint("own-", worker)))
				assert.NoError(t, err)
				keys, err := h.Store.Keys(t.Context(), "shared")
				assert.NoError(t, err)
				assert.Contains(t, keys, key)
				if i%2 == 0 {
					assert.NoError(t, h.Store.Delete(t.Context(), key, ports.AnyVersion))
				}
			}
			keys, err := h.Store.Keys(t.Context(), fmt.Sprint("own-", worker))
			assert.NoError(t, err)
			assert.Len(t, keys, 10)
		})
	}
	wg.Wait()
	keys, err := h.Store.Keys(t.Context(), "shared")
	require.NoError(t, err)
	require.Len(t, keys, 80)
}
