package postgres

import (
	"context"
	"time"
)

// The limits of the background sweep. Instances that sweep at the same time skip the
// records that another one is removing.
const (
	sweepEvery = time.Minute
	sweepBatch = 500 // records in a step
	sweepSteps = 200 // steps in a sweep, together 100,000 records
	sweepPause = 20 * time.Millisecond
)

// sweepSome checks expires twice, because another request can prolong a record
// while the statement runs.
const sweepSome = `DELETE FROM webapp_session_records WHERE key = ANY (ARRAY(
		SELECT key FROM webapp_session_records WHERE expires <= $1
		ORDER BY expires LIMIT $2 FOR UPDATE SKIP LOCKED
	)) AND expires <= $1`

// sweepAt removes expired records at every tick, until the store is closed.
func (s *Store) sweepAt(ticks <-chan time.Time) {
	defer close(s.swept)
	for {
		select {
		case <-s.life.Done():
			return
		case <-ticks:
			s.sweepAll()
		}
	}
}

// sweepAll removes expired records step by step. It stops at an error, which the next
// calls of the store report too.
func (s *Store) sweepAll() {
	pause := time.NewTicker(sweepPause)
	defer pause.Stop()
	for range sweepSteps {
		if removed, err := s.sweepStep(s.life); err != nil || removed < sweepBatch {
			return
		}
		select {
		case <-s.life.Done():
			return
		case <-pause.C:
		}
	}
}

// sweepStep removes some expired records and returns how many.
func (s *Store) sweepStep(ctx context.Context) (removed int64, err error) {
	err = s.call(ctx, "sweep", func(ctx context.Context) error {
		done, err := s.pool.Exec(ctx, sweepSome, s.now().UnixMicro(), sweepBatch)
		removed = done.RowsAffected()
		return err
	})
	return removed, err
}
