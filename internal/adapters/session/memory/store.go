// Package memory is a session store in the memory of the process. It is the
// fastest store, and it is empty after a restart.
//
// It is made for a million records. They are spread over many shards, each with a
// lock. Operations and a background sweep remove expired records a few at a time, so
// nothing waits for long. A session takes about 430 bytes; with Go maps and
// container/heap it took about 750.
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
	// shardCount is a compromise: with more shards, operations wait for each other
	// less, but each Keys locks them all.
	shardCount = 64
	// sweepEvery is the time in which the sweep visits every shard once.
	sweepEvery = 10 * time.Second
	// sweepStep and operationStep are how many expired records are removed
	// while a shard is locked.
	sweepStep     = 64
	operationStep = 4
)

// Store implements ports.SessionStore. It is safe for concurrent use.
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

// New returns an empty store. The default for clock is time.Now. Close stops the
// background sweep.
func New(clock func() time.Time) *Store {
	sweeps := time.NewTicker(sweepEvery / shardCount)
	s := newStore(clock, sweeps.C)
	s.stopTicks = sweeps.Stop
	return s
}

// newStore is New with a channel for the sweep, which visits one shard a tick.
func newStore(clock func() time.Time, sweeps <-chan time.Time) *Store {
	if clock == nil {
		clock = time.Now
	}
	s := &Store{clock: clock, seed: maphash.MakeSeed(), stop: make(chan struct{}), stopTicks: func() {}}
	for i := range s.shards {
		s.shards[i].seed, s.shards[i].indexes = maphash.MakeSeed(), s.seed
	}
	s.stopped.Go(func() { s.sweepAt(sweeps) })
	return s
}

// Close stops the background sweep. The store still works. Another call does
// nothing.
func (s *Store) Close() error {
	s.once.Do(func() {
		s.stopTicks()
		close(s.stop)
	})
	s.stopped.Wait()
	return nil
}

// Ready implements ports.StoreReadiness. It returns nil.
func (s *Store) Ready(context.Context) error { return nil }

// Len returns the number of records, including expired ones that are not removed
// yet.
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

// IndexedRecords implements ports.SessionCounter. It removes expired records
// first.
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

// enter locks the shard of key, removes a few expired records, and returns the
// shard and the time.
func (s *Store) enter(key string) (*shard, int64) {
	sh := &s.shards[maphash.String(s.seed, key)%shardCount]
	now := s.clock().UnixNano()
	sh.mu.Lock()
	sh.expire(now, operationStep)
	return sh, now
}

// sweepAt removes the expired records of one shard at each tick, until the store
// is closed.
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

// sweepShard removes the expired records of a shard. It unlocks the shard after
// each step.
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
