// Package memory is a session store within the process: the fastest there is,
// and empty after a restart.
//
// It is made for a million records. Its locks are spread over many shards, and
// records that have expired are removed a few at a time, by the operations on
// their shard and by a sweeper: there is no moment at which everything waits.
package memory

import (
	"context"
	"hash/maphash"
	"runtime"
	"sync"
	"time"

	"webapp/internal/ports"
)

const (
	shardCount = 256
	// sweepEvery is how often the sweeper visits a shard. It visits them one
	// after the other, so that its work is spread over that time.
	sweepEvery = 10 * time.Second
	// sweepStep and operationStep bound how many records one hold of a
	// shard's lock removes.
	sweepStep     = 64
	operationStep = 4
)

// Store is a ports.SessionStore. It is safe for concurrent use; it copies the
// values that it is given and those that it returns.
type Store struct {
	clock  func() time.Time
	seed   maphash.Seed
	shards [shardCount]shard

	stop      chan struct{}
	stopped   sync.WaitGroup
	once      sync.Once
	stopTicks func()
}

var (
	_ ports.SessionStore   = (*Store)(nil)
	_ ports.StoreReadiness = (*Store)(nil)
	_ ports.SessionCounter = (*Store)(nil)
)

// New returns an empty store that tells the time by clock, time.Now where it
// is nil. Close stops its sweeper.
func New(clock func() time.Time) *Store {
	sweeps := time.NewTicker(sweepEvery / shardCount)
	s := newStore(clock, sweeps.C)
	s.stopTicks = sweeps.Stop
	return s
}

// newStore is New with the beat of the sweeper, which visits one shard a tick.
func newStore(clock func() time.Time, sweeps <-chan time.Time) *Store {
	if clock == nil {
		clock = time.Now
	}
	s := &Store{clock: clock, seed: maphash.MakeSeed(), stop: make(chan struct{}), stopTicks: func() {}}
	for i := range s.shards {
		s.shards[i].seed = maphash.MakeSeed()
	}
	s.stopped.Go(func() { s.sweepAt(sweeps) })
	return s
}

// Close stops the sweeper. The store still answers; calling it again does
// nothing.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.stopTicks()
		close(s.stop)
	})
	s.stopped.Wait()
	return nil
}

// Ready returns nil: memory always answers.
func (s *Store) Ready(context.Context) error { return nil }

// Len returns how many records are held, those included that have expired and
// wait to be removed.
func (s *Store) Len() int {
	n := 0
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		n += sh.slots.len()
		sh.mu.Unlock()
	}
	return n
}

// IndexedRecords implements ports.SessionCounter. It removes first what is due,
// as the sweeper would soon.
func (s *Store) IndexedRecords(ctx context.Context, ahead time.Duration) (int, error) {
	n, at := 0, s.clock().Add(ahead).UnixNano()
	for i := range s.shards {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		s.sweepShard(i)
		sh := &s.shards[i]
		sh.mu.Lock()
		n += sh.indexed - sh.indexedUntil(at, 0)
		sh.mu.Unlock()
	}
	return n, nil
}

// enter locks the shard of key, removes a few records that are due and returns
// the time.
func (s *Store) enter(key string) (*shard, int64) {
	sh := &s.shards[maphash.String(s.seed, key)%shardCount]
	now := s.clock().UnixNano()
	sh.mu.Lock()
	sh.expire(now, operationStep)
	return sh, now
}

// sweepAt removes the records that have expired and that no operation came
// across: those of one shard at every tick, until the store is closed.
func (s *Store) sweepAt(ticks <-chan time.Time) {
	for next := 0; ; next = (next + 1) % shardCount {
		select {
		case <-s.stop:
			return
		case <-ticks:
			s.sweepShard(next)
		}
	}
}

// sweepShard lets go of the lock, and of the processor, after each step.
func (s *Store) sweepShard(i int) {
	now := s.clock().UnixNano()
	for s.shards[i].sweepStep(now) {
		runtime.Gosched()
	}
}

func (sh *shard) sweepStep(now int64) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.expire(now, sweepStep)
}
