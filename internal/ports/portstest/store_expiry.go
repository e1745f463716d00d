package portstest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func storeExpiries() []named[StoreHarness] {
	return []named[StoreHarness]{
		{"records expire", storeExpire},
		{"replace moves the expiry", storeReplaceExpiry},
		{"an expired key is free again", storeReuse},
		{"a replace revives no expired record", storeNoRevival},
		{"many records expire", storeExpireMany},
		{"born expired", storeBornExpired},
		{"a record lives as long as it says", storeLongLife},
		{"expired records are removed", storeSweep},
	}
}

func storeExpire(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	h.create(t, h.brief("k", "v"))
	h.create(t, h.record("stays", "s"))
	h.Advance(time.Second)
	h.requireValue(t, "k", "v")
	h.Advance(pastBrief - time.Second)
	h.requireNone(t, "k")
	h.delete(t, "k")
	h.requireValue(t, "stays", "s")
}

func storeReplaceExpiry(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	later := h.create(t, h.brief("later", "l"))
	sooner := h.create(t, h.record("sooner", "s"))
	h.replace(t, h.record("later", "l"), later)
	h.replace(t, h.brief("sooner", "s"), sooner)
	h.Advance(pastBrief)
	h.requireValue(t, "later", "l")
	h.requireNone(t, "sooner")
}

func storeReuse(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	h.create(t, h.brief("k", "old"))
	h.Advance(pastBrief)
	v := h.create(t, h.record("k", "new"))
	require.Equal(t, v, h.requireValue(t, "k", "new"))
	_, err := h.Store.Create(t.Context(), h.record("k", "newer"))
	require.ErrorIs(t, err, ports.ErrRecordExists)
}

func storeNoRevival(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	v := h.create(t, h.brief("k", "v", "index"))
	h.Advance(pastBrief)
	h.requireReplace(t, ports.ErrNoRecord, h.record("k", "again", "index"), v)
	h.requireNone(t, "k")
	h.requireKeys(t, "index")
}

func storeExpireMany(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	const records = 400
	for i := range records {
		kind := h.record
		if i%2 == 0 {
			kind = h.brief
		}
		h.create(t, kind(fmt.Sprint("r", i), fmt.Sprint("v", i), "index"))
	}
	h.Advance(pastBrief)
	for i := range records {
		if i%2 == 0 {
			h.requireNone(t, fmt.Sprint("r", i))
		} else {
			h.requireValue(t, fmt.Sprint("r", i), fmt.Sprint("v", i))
		}
	}
	keys, err := h.Store.Keys(t.Context(), "index")
	require.NoError(t, err)
	require.Len(t, keys, records/2)
}

// storeLongLife checks records that live for days, as the configuration can ask.
func storeLongLife(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	const day = 24 * time.Hour
	long := h.record("created", "v", "index")
	long.Expires = h.now().Add(60 * day)
	h.create(t, long)
	v := h.create(t, h.record("prolonged", "v", "index"))
	long.Key = "prolonged"
	h.replace(t, long, v)
	h.Advance(59 * day)
	h.requireValue(t, "created", "v")
	h.requireValue(t, "prolonged", "v")
	h.requireKeys(t, "index", "created", "prolonged")
	h.Advance(2 * day)
	h.requireNone(t, "created")
	h.requireNone(t, "prolonged")
}

// storeSweeping is how long the background work of a store may take to remove expired
// records.
const storeSweeping = 15 * time.Second

// storeSweep checks that the store removes expired records that nobody asks for.
func storeSweep(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	require.NotNil(t, h.Kept, "the harness needs Kept, or a store that removes nothing would pass")
	const records, live = 60, 20
	for i := range records {
		kind := h.brief
		if i < live {
			kind = h.record
		}
		h.create(t, kind(fmt.Sprint("swept-", i), "v", "index"))
	}
	require.Equal(t, records, h.Kept(t))
	h.Advance(pastBrief)
	if h.Sweep != nil {
		h.Sweep()
		require.Equal(t, live, h.Kept(t), "expired records stay in the store")
	} else {
		require.Eventually(t, func() bool { return h.Kept(t) == live }, storeSweeping, 20*time.Millisecond,
			"expired records stay in the store")
	}
	for i := range live {
		h.requireValue(t, fmt.Sprint("swept-", i), "v")
	}
}

// storeBornExpired checks the creation of records that have expired already. A slow
// caller, or one whose clock is behind, creates such records.
func storeBornExpired(t *testing.T, h StoreHarness) {
	r := h.record("k", "v", "index")
	r.Expires = h.now().Add(-time.Minute)
	if _, err := h.Store.Create(t.Context(), r); err != nil {
		require.NotErrorIs(t, err, ports.ErrRecordExists)
	}
	h.requireNone(t, "k")
	h.requireKeys(t, "index")
	v := h.create(t, h.record("k", "live", "index"))
	_, _ = h.Store.Replace(t.Context(), r, v)
	h.requireNone(t, "k")
	h.requireKeys(t, "index")
	h.create(t, h.record("k", "again"))
}
