package portstest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func storeVersions() []named[StoreHarness] {
	return []named[StoreHarness]{
		{"every write has its own version", storeVersionsDiffer},
		{"replace needs the version that is there", storeReplaceOld},
		{"delete of one version", storeDeleteOld},
		{"deleted and created again is another", storeABA},
		{"expired and created again is another", storeABAExpired},
		{"AnyVersion matches no version", storeAnyVersion},
	}
}

func storeVersionsDiffer(t *testing.T, h StoreHarness) {
	seen := map[ports.Version]bool{}
	note := func(v ports.Version) {
		require.False(t, seen[v], "version %d came twice", v)
		seen[v] = true
	}
	for range 3 {
		v := h.create(t, h.record("k", "same"))
		note(v)
		for range 3 {
			v = h.replace(t, h.record("k", "same"), v)
			note(v)
		}
		h.delete(t, "k")
	}
}

func storeReplaceOld(t *testing.T, h StoreHarness) {
	first := h.create(t, h.record("k", "1"))
	second := h.replace(t, h.record("k", "2"), first)
	h.requireReplace(t, ports.ErrRecordChanged, h.record("k", "late"), first)
	h.requireReplace(t, ports.ErrRecordChanged, h.record("k", "made up"), second+1000)
	require.Equal(t, second, h.requireValue(t, "k", "2"))
}

func storeDeleteOld(t *testing.T, h StoreHarness) {
	first := h.create(t, h.record("k", "1", "index"))
	second := h.replace(t, h.record("k", "2", "index"), first)
	require.ErrorIs(t, h.Store.Delete(t.Context(), "k", first), ports.ErrRecordChanged)
	require.Equal(t, second, h.requireValue(t, "k", "2"))
	h.requireKeys(t, "index", "k")
	require.NoError(t, h.Store.Delete(t.Context(), "k", second))
	h.requireNone(t, "k")
	h.requireKeys(t, "index")
	require.ErrorIs(t, h.Store.Delete(t.Context(), "k", second), ports.ErrNoRecord, "gone already")
}

func storeABA(t *testing.T, h StoreHarness) {
	old := h.create(t, h.record("k", "a"))
	h.delete(t, "k")
	v := h.create(t, h.record("k", "a"))
	require.NotEqual(t, old, v)
	h.requireReplace(t, ports.ErrRecordChanged, h.record("k", "late"), old)
	require.ErrorIs(t, h.Store.Delete(t.Context(), "k", old), ports.ErrRecordChanged)
	require.Equal(t, v, h.requireValue(t, "k", "a"))
}

func storeABAExpired(t *testing.T, h StoreHarness) {
	if h.Advance == nil {
		return
	}
	old := h.create(t, h.brief("k", "a"))
	h.Advance(pastBrief)
	require.ErrorIs(t, h.Store.Delete(t.Context(), "k", old), ports.ErrNoRecord, "nothing there")
	v := h.create(t, h.record("k", "a"))
	require.NotEqual(t, old, v)
	h.requireReplace(t, ports.ErrRecordChanged, h.record("k", "late"), old)
	require.ErrorIs(t, h.Store.Delete(t.Context(), "k", old), ports.ErrRecordChanged)
	require.Equal(t, v, h.requireValue(t, "k", "a"))
}

func storeAnyVersion(t *testing.T, h StoreHarness) {
	v := h.create(t, h.record("k", "v"))
	h.requireReplace(t, ports.ErrRecordChanged, h.record("k", "late"), ports.AnyVersion)
	require.Equal(t, v, h.requireValue(t, "k", "v"))
	h.requireReplace(t, ports.ErrNoRecord, h.record("none", "late"), ports.AnyVersion)
}
