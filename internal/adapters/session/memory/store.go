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
	"sync"
	"time"

	"webapp/internal/ports"
)

const (
	shardCount = 256
	// sweepEvery is how often the sweeper visits the shards.
	sweepEvery = 10 * time.Second
	// sweepStep and operationStep bound how many records one hold of a
	// shard's lock removes.
	sweepStep     = 64
	operationStep = 4
)

// Store is a ports.SessionStore. It is safe for concurrent use; it copies the
// values that it is given and those that it answers.
type Store struct {
	clock  func() time.Time
	seed   maphash.Seed
	shards [shardCount]shard

	stop    chan struct{}
	stopped sync.WaitGroup
	once    sync.Once
}

var (
	_ ports.SessionStore   = (*Store)(nil)
	_ ports.StoreReadiness = (*Store)(nil)
)

// New answers an empty store that tells the time by clock, time.Now where it
// is nil. Close stops its sweeper.
func New(clock func() time.Time) *Store {
	if clock == nil {
		clock = time.Now
	}
	s := &Store{clock: clock, seed: maphash.MakeSeed(), stop: make(chan struct{})}
	s.stopped.Go(s.sweepUntilStopped)
	return s
}

// Close stops the sweeper. The store still answers; calling it again does
// nothing.
func (s *Store) Close() error {
	s.once.Do(func() { close(s.stop) })
	s.stopped.Wait()
	return nil
}

// Create adds a record, see ports.SessionStore.
func (s *Store) Create(_ context.Context, r ports.Record) error {
	sh, now := s.enter(r.Key)
	defer sh.mu.Unlock()
	if i, ok := sh.find(r.Key); ok {
		if sh.slots[i].expires > now {
			return ports.ErrRecordExists
		}
		sh.remove(i)
	}
	sh.add(r.Key, r.Value, r.Expires.UnixNano())
	return nil
}

// Find answers a copy of a value, see ports.SessionStore.
func (s *Store) Find(_ context.Context, key string) ([]byte, error) {
	sh, now := s.enter(key)
	defer sh.mu.Unlock()
	i, ok := sh.find(key)
	if !ok || sh.slots[i].expires <= now {
		return nil, ports.ErrNoRecord
	}
	return []byte(sh.slots[i].value()), nil
}

// Replace changes a record, see ports.SessionStore.
func (s *Store) Replace(_ context.Context, r ports.Record) error {
	sh, now := s.enter(r.Key)
	defer sh.mu.Unlock()
	i, ok := sh.find(r.Key)
	if !ok || sh.slots[i].expires <= now {
		return ports.ErrNoRecord
	}
	sh.remove(i)
	sh.add(r.Key, r.Value, r.Expires.UnixNano())
	return nil
}

// Delete removes a record, see ports.SessionStore.
func (s *Store) Delete(_ context.Context, key string) error {
	sh, _ := s.enter(key)
	defer sh.mu.Unlock()
	if i, ok := sh.find(key); ok {
		sh.remove(i)
		sh.shrink()
	}
	return nil
}

// Ready answers nil: memory always answers.
func (s *Store) Ready(context.Context) error { return nil }

// Len answers how many records are held, those included that have expired and
// wait to be removed.
func (s *Store) Len() int {
	n := 0
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		n += len(sh.index)
		sh.mu.Unlock()
	}
	return n
}

// enter locks the shard of key, removes a few records that are due and answers
// the time.
func (s *Store) enter(key string) (*shard, int64) {
	sh := &s.shards[maphash.String(s.seed, key)%shardCount]
	now := s.clock().UnixNano()
	sh.mu.Lock()
	sh.expire(now, operationStep)
	return sh, now
}
