package portstest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func storeOutages() []named[StoreHarness] {
	return []named[StoreHarness]{
		{"unreachable and reachable again", storeOutage},
	}
}

// storeHealing is how long a store may take to reconnect to its server.
const storeHealing = 15 * time.Second

func storeOutage(t *testing.T, h StoreHarness) {
	if h.Outage == nil {
		return
	}
	v := h.create(t, h.record("k", "v", "index"))
	h.Outage(true)
	for _, method := range h.everyMethod(v) {
		began := time.Now()
		err := method.call(t.Context())
		require.ErrorIs(t, err, ports.ErrStoreUnavailable, method.name)
		require.NotErrorIs(t, err, ports.ErrNoRecord, method.name)
		require.Less(t, time.Since(began), storePatience, method.name)
	}
	if probe, ok := h.Store.(ports.StoreReadiness); ok {
		require.ErrorIs(t, probe.Ready(t.Context()), ports.ErrStoreUnavailable)
	}
	h.Outage(false)
	require.Eventually(t, func() bool {
		_, err := h.Store.Find(t.Context(), "k")
		return err == nil
	}, storeHealing, 20*time.Millisecond, "it heals by itself")
	require.Equal(t, v, h.requireValue(t, "k", "v"))
	h.requireKeys(t, "index", "k")
	h.requireNone(t, "new")
	next := h.replace(t, h.record("k", "after", "index"), v)
	h.requireReplace(t, ports.ErrRecordChanged, h.record("k", "late", "index"), v)
	require.Equal(t, next, h.requireValue(t, "k", "after"))
}

// storeMethod is one method of a store, with its arguments.
type storeMethod struct {
	name string
	call func(context.Context) error
}

// everyMethod returns a call of each method on the record "k".
func (h StoreHarness) everyMethod(v ports.Version) []storeMethod {
	return []storeMethod{
		{"Find", func(ctx context.Context) error {
			_, err := h.Store.Find(ctx, "k")
			return err
		}},
		{"Create", func(ctx context.Context) error {
			_, err := h.Store.Create(ctx, h.record("new", "n", "index"))
			return err
		}},
		{"Replace", func(ctx context.Context) error {
			_, err := h.Store.Replace(ctx, h.record("k", "x", "index"), v)
			return err
		}},
		{"Delete", func(ctx context.Context) error { return h.Store.Delete(ctx, "k", ports.AnyVersion) }},
		{"Keys", func(ctx context.Context) error {
			_, err := h.Store.Keys(ctx, "index")
			return err
		}},
	}
}
