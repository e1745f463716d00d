package sqlite

import (
	"context"
	"errors"

	"webapp/internal/ports"
)

const (
	recordExists = `SELECT EXISTS (SELECT 1 FROM records WHERE key = ? AND expires > ?)`
	tryWrite     = `INSERT INTO probe (filler) VALUES (zeroblob(32768))`
	undoTry      = `DELETE FROM probe`
)

// write runs one change on the writer. Errors of the contract come back as
// they are, all others as ports.ErrStoreUnavailable.
func (s *Store) write(ctx context.Context, doing string, change func(*writer) error) error {
	w, err := borrow(ctx, s, s.writer)
	if err != nil {
		return unavailable(doing, err)
	}
	defer func() { s.writer <- w }()
	err = change(w)
	switch {
	case err == nil, errors.Is(err, ports.ErrRecordExists),
		errors.Is(err, ports.ErrRecordChanged), errors.Is(err, ports.ErrNoRecord):
		s.refused.Store(false)
		return err
	}
	s.refused.Store(true)
	return unavailable(doing, err)
}

// inTransaction makes all or nothing of change.
func (w *writer) inTransaction(change func() error) error {
	if _, err := w.begin.ExecContext(background()); err != nil {
		// A rollback that failed after an I/O error leaves its transaction
		// open; it must not be in the way for ever.
		_, _ = w.rollback.ExecContext(background())
		return err
	}
	err := change()
	if err == nil {
		_, err = w.commit.ExecContext(background())
	}
	if err != nil {
		_, _ = w.rollback.ExecContext(background()) // SQLite may have done so itself
	}
	return err
}

// has reports whether there is a live record under key.
func (w *writer) has(key string, now int64) (there bool, err error) {
	err = w.exists.QueryRowContext(background(), key, now).Scan(&there)
	return there, err
}

// probe writes something that nobody reads, as large as a large record, and
// removes it again. Not in one transaction: then nothing much would be written.
func (w *writer) probe() error {
	if _, err := w.tryWrite.ExecContext(background()); err != nil {
		return err
	}
	_, err := w.undoTry.ExecContext(background())
	return err
}
