package memory

import (
	"runtime"
	"time"
)

// sweepUntilStopped removes what no operation came across, shard by shard.
func (s *Store) sweepUntilStopped() {
	tick := time.NewTicker(sweepEvery / shardCount)
	defer tick.Stop()
	for next := 0; ; next = (next + 1) % shardCount {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.sweepShard(next)
		}
	}
}

// sweep removes everything that is due.
func (s *Store) sweep() {
	for i := range s.shards {
		s.sweepShard(i)
	}
}

// sweepShard lets go of the lock, and of the processor, after each step.
func (s *Store) sweepShard(i int) {
	now := s.clock().UnixNano()
	for s.shards[i].sweepStep(now, s.held) {
		runtime.Gosched()
	}
}

func (sh *shard) sweepStep(now int64, held func(time.Duration)) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if held != nil {
		began := time.Now()
		defer func() { held(time.Since(began)) }()
	}
	return sh.expire(now, sweepStep)
}
