package memory

import (
	"runtime"
	"time"
)

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
