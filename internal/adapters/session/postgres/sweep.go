package postgres

import (
	"context"
	"time"
)

// The background sweep. Instances that sweep at the same time pass over what
// another is removing.
const (
	sweepEvery = time.Minute
	sweepBatch = 500 // records to a step
	sweepSteps = 200 // to a sweep, so that it removes 100,000 records at most
	sweepPause = 20 * time.Millisecond
)

// The second condition on expires is for a record that is prolonged while the
// statement runs.
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

// sweepAll removes what has expired, step by step. What fails is left to the
// next sweep: the callers of the store learn of the same failure.
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
