package sqlite

import (
	"os"
	"time"
)

// The limits of the background sweep. A write waits for at most one step, a read
// for none.
const (
	sweepEvery = time.Minute
	sweepBatch = 200 // records in a step
	sweepSteps = 500 // steps in a sweep, together 100,000 records
	sweepPause = 5 * time.Millisecond
)

// walLimit is the size in bytes above which the sweep truncates the write-ahead
// log. SQLite copies it into the file every 1000 pages, but begins a new one only
// in a moment without readers, which may not come under load.
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

// sweepAll removes expired records step by step. It stops at an error, which the
// next calls of the store report too.
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

// trimWAL truncates the write-ahead log if it is too long. If readers keep it in
// use, the next tick tries again.
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
