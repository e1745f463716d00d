package sqlite

import (
	"os"
	"time"
)

// The background sweep. A write waits for at most one step of it, a read for
// none.
const (
	sweepEvery = time.Minute
	sweepBatch = 200 // records to a step
	sweepSteps = 500 // to a sweep, so that it removes 100,000 records at most
	sweepPause = 5 * time.Millisecond
)

// walLimit is the size in bytes above which the write-ahead log is cut back.
// SQLite copies it into the file by itself every 1000 pages, but starts it
// anew only in a moment without readers, which under load may not come.
const walLimit = 32 << 20

const (
	sweepSome = `DELETE FROM records WHERE id IN
		(SELECT id FROM records WHERE expires <= ? ORDER BY expires LIMIT ?)`
	truncateWAL = `PRAGMA wal_checkpoint(TRUNCATE)`
)

// sweepAt removes expired records at every tick, until the store is closed.
func (s *Store) sweepAt(ticks <-chan time.Time) {
	defer close(s.swept)
	for {
		select {
		case <-s.closed:
			return
		case <-ticks:
			s.sweepAll()
			s.trimWAL()
		}
	}
}

// sweepAll removes what has expired, step by step. What fails is left to the
// next sweep: the callers of the store learn of the same failure.
func (s *Store) sweepAll() {
	pause := time.NewTicker(sweepPause)
	defer pause.Stop()
	for range sweepSteps {
		if removed, err := s.sweepStep(); err != nil || removed < sweepBatch {
			return
		}
		select {
		case <-s.closed:
			return
		case <-pause.C:
		}
	}
}

// sweepStep removes some expired records and returns how many.
func (s *Store) sweepStep() (removed int64, err error) {
	err = s.write(background(), "sweep", func(w *writer) error {
		done, err := w.sweep.ExecContext(background(), s.now().UnixMicro(), sweepBatch)
		if err != nil {
			return err
		}
		removed, err = done.RowsAffected()
		return err
	})
	return removed, err
}

// trimWAL cuts the write-ahead log back where it has grown too long. Where
// readers do not make room within the wait for a lock, the next tick tries
// again.
func (s *Store) trimWAL() {
	info, err := os.Stat(s.path + "-wal")
	if err != nil || info.Size() <= walLimit {
		return
	}
	w, err := borrow(background(), s, s.writer)
	if err != nil {
		return
	}
	defer func() { s.writer <- w }()
	_, _ = w.checkpoint.ExecContext(background())
}
