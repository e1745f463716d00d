package portstest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func storeBasics() []named[StoreHarness] {
	return []named[StoreHarness]{
		{"nothing there", storeEmpty},
		{"a value comes back", storeRoundTrip},
		{"values and keys of every kind", storeOdd},
		{"a key is taken once", storeCreateTwice},
		{"replace changes what is there", storeReplace},
		{"delete is final", storeDelete},
		{"values belong to the store", storeCopies},
		{"two handles, the same records", storeHandles},
		{"a context that has ended", storeCancelled},
	}
}

func storeEmpty(t *testing.T, h StoreHarness) {
	h.requireNone(t, "k")
	h.requireReplace(t, ports.ErrNoRecord, h.record("k", "v"), 1)
	h.delete(t, "k")
	require.ErrorIs(t, h.Store.Delete(t.Context(), "k", 1), ports.ErrNoRecord)
	h.requireKeys(t, "index")
	h.requireNone(t, "k")
	if probe, ok := h.Store.(ports.StoreReadiness); ok {
		require.NoError(t, probe.Ready(t.Context()))
	}
}

func storeRoundTrip(t *testing.T, h StoreHarness) {
	one := h.create(t, h.record("one", "1"))
	h.create(t, h.record("two", "2", "index"))
	require.Equal(t, one, h.requireValue(t, "one", "1"))
	require.Equal(t, one, h.requireValue(t, "one", "1"))
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
		"zeroes": "\x00\x00",
		"large":  strings.Repeat(string(all), 256),
		"wq7rXk2N8mZ0aYtVbH4cPdJ1sLgE5uF9oQxTnR3iKv8":       "hash",
		"wq7rXk2N8mZ0aYtVbH4cPdJ1sLgE5uF9oQxTnR3iKv9":       "a neighbour",
		"wq7rXk2N8mZ0aYtVbH4cPdJ1sLgE5uF9oQxTnR3iKv8.grant": "beside it",
		"WQ7RXK2N8MZ0AYTVBH4CPDJ1SLGE5UF9OQXTNR3IKV8":       "in other case",
		"lease.wq7rXk2N8mZ0aYtVbH4cPdJ1sLgE5uF9oQxTnR3iKv8": "in front",
		"k":                            "short",
		"*":                            "no pattern",
		"%":                            "no pattern either",
		"' or {1}={1}; -- \\ \"[a-z]?": "no query",
		"schlüssel 鍵":                  "no ASCII",
		strings.Repeat("long", 50):     "long",
	} {
		v := h.create(t, h.record(key, value, "of "+key))
		require.Equal(t, v, h.requireValue(t, key, value))
		h.requireKeys(t, "of "+key, key)
		h.replace(t, h.record(key, value+value, "of "+key), v)
		h.requireValue(t, key, value+value)
	}
	h.requireNone(t, "")
	h.requireNone(t, "?")
	h.requireKeys(t, "of ?")
}

func storeCreateTwice(t *testing.T, h StoreHarness) {
	v := h.create(t, h.record("k", "first", "index"))
	_, err := h.Store.Create(t.Context(), h.record("k", "second", "another"))
	require.ErrorIs(t, err, ports.ErrRecordExists)
	require.Equal(t, v, h.requireValue(t, "k", "first"))
	h.requireKeys(t, "index", "k")
	h.requireKeys(t, "another")
}

func storeReplace(t *testing.T, h StoreHarness) {
	v := h.create(t, h.record("k", "old"))
	for _, value := range []string{"new", "", strings.Repeat("longer", 1000), "short"} {
		v = h.replace(t, h.record("k", value), v)
		require.Equal(t, v, h.requireValue(t, "k", value))
	}
}

func storeDelete(t *testing.T, h StoreHarness) {
	v := h.create(t, h.record("k", "v"))
	h.create(t, h.record("other", "o"))
	h.delete(t, "k")
	h.delete(t, "k")
	h.requireNone(t, "k")
	h.requireValue(t, "other", "o")
	h.requireReplace(t, ports.ErrNoRecord, h.record("k", "again"), v)
	h.requireNone(t, "k")
	h.create(t, h.record("k", "anew"))
	h.requireValue(t, "k", "anew")
}

func storeCopies(t *testing.T, h StoreHarness) {
	r := h.record("k", "value")
	h.create(t, r)
	r.Value[0] = 'X'
	h.requireValue(t, "k", "value")
	got, err := h.Store.Find(t.Context(), "k")
	require.NoError(t, err)
	got.Value[0] = 'Y'
	h.requireValue(t, "k", "value")
}

func storeHandles(t *testing.T, h StoreHarness) {
	there := h
	there.Store = h.other(t)
	v := h.create(t, h.record("k", "from here", "index"))
	require.Equal(t, v, there.requireValue(t, "k", "from here"))
	there.requireKeys(t, "index", "k")
	next := there.replace(t, h.record("k", "from there", "index"), v)
	h.requireReplace(t, ports.ErrRecordChanged, h.record("k", "late", "index"), v)
	require.Equal(t, next, h.requireValue(t, "k", "from there"))
	h.delete(t, "k")
	there.requireNone(t, "k")
	there.requireReplace(t, ports.ErrNoRecord, h.record("k", "late", "index"), next)
	there.requireKeys(t, "index")
}

func storeCancelled(t *testing.T, h StoreHarness) {
	v := h.create(t, h.record("k", "v", "index"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Store.Find(ctx, "k")
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.Store.Create(ctx, h.record("new", "n"))
	require.ErrorIs(t, err, context.Canceled)
	_, err = h.Store.Replace(ctx, h.record("k", "x", "index"), v)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, h.Store.Delete(ctx, "k", ports.AnyVersion), context.Canceled)
	_, err = h.Store.Keys(ctx, "index")
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, v, h.requireValue(t, "k", "v"))
	h.requireKeys(t, "index", "k")
	h.requireNone(t, "new")
}
