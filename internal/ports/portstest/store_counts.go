package portstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// storeCounts are the tests of ports.SessionCounter, an optional ability.
func storeCounts() []named[StoreHarness] {
	return []named[StoreHarness]{
		{"live records with an index are counted", counting(storeCount)},
		{"expired records are not counted", counting(storeCountExpired)},
		{"records that expire soon are left out", counting(storeCountAhead)},
		{"a reused key is counted", counting(storeCountReuse)},
		{"a count after a rush", counting(storeCountRush)},
		{"a count while the store is down", counting(storeCountOutage)},
	}
}

// counter is a harness with the store's ports.SessionCounter.
type counter struct {
	StoreHarness
	ports.SessionCounter
}

// counting returns a test that does nothing if the store cannot count. It also does
// nothing without Advance, because a count can be some seconds old.
func counting(test func(*testing.T, counter)) func(*testing.T, StoreHarness) {
	return func(t *testing.T, h StoreHarness) {
		counted, ok := h.Store.(ports.SessionCounter)
		if !ok || h.Advance == nil {
			return
		}
		if _, err := counted.IndexedRecords(t.Context(), 0); errors.Is(err, errors.ErrUnsupported) {
			return
		}
		test(t, counter{h, counted})
	}
}

func (c counter) require(t *testing.T, want int) {
	t.Helper()
	c.Advance(ports.MaxCountAge + time.Second)
	n, err := c.IndexedRecords(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, want, n)
}

func storeCount(t *testing.T, c counter) {
	c.require(t, 0)
	v := c.create(t, c.record("a", "1", "user-1"))
	w := c.create(t, c.record("b", "2", "user-1", "sid-2"))
	c.create(t, c.record("c", "3"))
	c.require(t, 2)
	_, err := c.Store.Create(t.Context(), c.record("c", "3", "user-1"))
	require.ErrorIs(t, err, ports.ErrRecordExists)
	next := c.replace(t, c.record("b", "2!", "user-1", "sid-2"), w)
	c.requireReplace(t, ports.ErrRecordChanged, c.record("b", "late", "user-1", "sid-2"), w)
	c.requireReplace(t, ports.ErrNoRecord, c.record("d", "late", "user-1"), w)
	c.require(t, 2)
	require.NoError(t, c.Store.Delete(t.Context(), "a", v))
	require.ErrorIs(t, c.Store.Delete(t.Context(), "b", w), ports.ErrRecordChanged)
	c.delete(t, "c")
	c.require(t, 1)
	there, ok := c.other(t).(ports.SessionCounter)
	require.True(t, ok)
	n, err := there.IndexedRecords(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, 1, n, "another instance counts the same")
	c.delete(t, "b")
	c.requireReplace(t, ports.ErrNoRecord, c.record("b", "late", "user-1", "sid-2"), next)
	c.require(t, 0)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.IndexedRecords(ctx, 0)
	require.ErrorIs(t, err, context.Canceled)
}

func storeCountExpired(t *testing.T, c counter) {
	c.create(t, c.brief("brief", "v", "index"))
	c.create(t, c.record("stays", "v", "index", "another"))
	prolonged := c.create(t, c.brief("prolonged", "v", "index"))
	c.replace(t, c.record("prolonged", "v", "index"), prolonged)
	short := c.create(t, c.record("cut short", "v", "index"))
	c.replace(t, c.brief("cut short", "v", "index"), short)
	c.Advance(pastBrief)
	c.require(t, 2)
	past := c.record("stays", "v", "index", "another")
	past.Expires = c.now().Add(-time.Minute)
	_, _ = c.Store.Replace(t.Context(), past, c.requireValue(t, "stays", "v"))
	born := c.record("born expired", "v", "index")
	born.Expires = c.now().Add(-time.Minute)
	_, _ = c.Store.Create(t.Context(), born)
	c.require(t, 1)
	c.Advance(time.Hour)
	c.require(t, 0)
}

func storeCountAhead(t *testing.T, c counter) {
	for i := range 3 {
		r := c.record(fmt.Sprint("k", i), "v", "index")
		r.Expires = c.now().Add(time.Duration(i+1) * time.Hour)
		c.create(t, r)
	}
	for ahead, want := range map[time.Duration]int{0: 3, 90 * time.Minute: 2, 150 * time.Minute: 1, 4 * time.Hour: 0} {
		c.Advance(ports.MaxCountAge + time.Second)
		n, err := c.IndexedRecords(t.Context(), ahead)
		require.NoError(t, err)
		require.Equal(t, want, n, "%s ahead", ahead)
	}
}

func storeCountReuse(t *testing.T, c counter) {
	c.create(t, c.record("deleted", "v", "index"))
	c.create(t, c.brief("expired", "v", "index"))
	c.delete(t, "deleted")
	c.Advance(pastBrief)
	c.create(t, c.record("deleted", "v"))
	c.create(t, c.record("expired", "v"))
	c.require(t, 0)
	c.delete(t, "deleted")
	c.delete(t, "expired")
	c.create(t, c.record("deleted", "v", "index"))
	c.create(t, c.record("expired", "v", "index"))
	c.require(t, 2)
}

// storeCountRush creates, replaces and deletes records concurrently.
func storeCountRush(t *testing.T, c counter) {
	const workers, each = 8, 15
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for i := range each {
				r := c.record(fmt.Sprint(worker, "-", i), "v", "shared", fmt.Sprint("own-", worker, "-", i))
				v, err := c.Store.Create(t.Context(), r)
				assert.NoError(t, err)
				var ending sync.WaitGroup
				ending.Go(func() { _, _ = c.Store.Replace(t.Context(), r, v) })
				if i%3 == 0 {
					assert.NoError(t, c.Store.Delete(t.Context(), r.Key, ports.AnyVersion))
				}
				_, err = c.IndexedRecords(t.Context(), 0)
				assert.NoError(t, err)
				ending.Wait()
			}
		})
	}
	wg.Wait()
	c.require(t, workers*each*2/3)
}

func storeCountOutage(t *testing.T, c counter) {
	if c.Outage == nil {
		return
	}
	c.create(t, c.record("k", "v", "index"))
	c.require(t, 1)
	c.Outage(true)
	c.Advance(ports.MaxCountAge + time.Second)
	began := time.Now()
	_, err := c.IndexedRecords(t.Context(), 0)
	assert.ErrorIs(t, err, ports.ErrStoreUnavailable)
	assert.Less(t, time.Since(began), storePatience)
	c.Outage(false)
	require.Eventually(t, func() bool {
		_, err := c.Store.Find(t.Context(), "k")
		return err == nil
	}, storeHealing, 20*time.Millisecond)
	c.require(t, 1)
}
