package memory

import "time"

// sweepUntilStopped removes what no operation came across.
func (s *Store) sweepUntilStopped() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.sweep()
		}
	}
}

// sweep removes everything that is due, letting go of the lock after each
// step.
func (s *Store) sweep() {
	now := s.clock().UnixNano()
	for i := range s.shards {
		for s.shards[i].sweepStep(now) {
		}
	}
}

func (sh *shard) sweepStep(now int64) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.expire(now, sweepStep)
}
