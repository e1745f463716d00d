package portstest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

const (
	modelWorkers = 4
	modelRounds  = 3
	modelSteps   = 150 // of a worker in a round
	modelKeys    = 8   // of a worker
	modelIndexes = 3   // of a worker
)

// SessionStoreModel compares a store with a model. Several goroutines run random
// operations. Each one has keys of its own, whose records the model predicts exactly. All
// share counters and a lock, for which the model knows invariants. A failed test logs the
// seed for SessionStoreModelFrom.
func SessionStoreModel(t *testing.T, newHarness func(t *testing.T) StoreHarness) {
	SessionStoreModelFrom(t, newHarness, rand.Uint64())
}

// SessionStoreModelFrom is SessionStoreModel with a given seed.
func SessionStoreModelFrom(t *testing.T, newHarness func(t *testing.T) StoreHarness, seed uint64) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	h := newHarness(t)
	shared := &modelShared{h: h}
	for i := range shared.counts {
		h.create(t, h.record(shared.counter(i), "0", "shared"))
	}
	workers := make([]*modelWorker, modelWorkers)
	for i := range workers {
		workers[i] = newModelWorker(t, shared, i, rand.New(rand.NewPCG(seed, uint64(i))))
	}
	for range modelRounds {
		var wg sync.WaitGroup
		for _, w := range workers {
			wg.Go(w.round)
		}
		wg.Wait()
		require.False(t, t.Failed(), "the store differs from the model")
		expireSome(h, workers)
		for _, w := range workers {
			w.checkAll()
		}
		shared.check(t)
	}
}

// expireSome makes some records expire between two rounds.
func expireSome(h StoreHarness, workers []*modelWorker) {
	if h.Advance == nil {
		return
	}
	for _, w := range workers {
		w.shortenSome()
	}
	h.Advance(pastBrief)
}

// modelShared has the records that all workers use.
type modelShared struct {
	h       StoreHarness
	counts  [2]atomic.Int64 // increments that succeeded
	holders atomic.Int32    // of the lock
}

func (s *modelShared) counter(i int) string { return fmt.Sprint("counter-", i) }

func (s *modelShared) check(t *testing.T) {
	t.Helper()
	for i := range s.counts {
		s.h.requireValue(t, s.counter(i), strconv.FormatInt(s.counts[i].Load(), 10))
	}
	require.Zero(t, s.holders.Load())
}

// modelRecord is the record that the model expects.
type modelRecord struct {
	value   string
	version ports.Version
	indexes []string
}

// modelWorker runs operations on keys that no other worker uses.
type modelWorker struct {
	t      *testing.T
	shared *modelShared
	store  ports.SessionStore
	random *rand.Rand
	number int
	live   map[string]modelRecord
	past   map[string][]ports.Version // all versions that a key has had
	serial int
}

func newModelWorker(t *testing.T, shared *modelShared, number int, random *rand.Rand) *modelWorker {
	w := &modelWorker{
		t: t, shared: shared, store: shared.h.Store, random: random, number: number,
		live: map[string]modelRecord{}, past: map[string][]ports.Version{},
	}
	if number%2 == 1 {
		w.store = shared.h.other(t)
	}
	return w
}

// round runs random steps until one worker fails.
func (w *modelWorker) round() {
	steps := []func(){
		w.create, w.create, w.find, w.replace, w.replace, w.replaceStale,
		w.delete, w.deleteVersion, w.deleteStale, w.keys, w.increment, w.lock,
	}
	for range modelSteps {
		if w.t.Failed() {
			return
		}
		steps[w.random.IntN(len(steps))]()
	}
}

func (w *modelWorker) checkAll() {
	w.t.Helper()
	for i := range modelKeys {
		w.check(w.key(i))
	}
	for i := range modelIndexes {
		w.checkIndex(w.index(i))
	}
}

func (w *modelWorker) key(i int) string   { return fmt.Sprint("worker-", w.number, "-key-", i) }
func (w *modelWorker) index(i int) string { return fmt.Sprint("worker-", w.number, "-index-", i) }

// note records a version and asserts that it is new.
func (w *modelWorker) note(key string, v ports.Version) {
	assert.NotEqual(w.t, ports.AnyVersion, v)
	assert.NotContains(w.t, w.past[key], v, "a version came twice")
	w.past[key] = append(w.past[key], v)
}
