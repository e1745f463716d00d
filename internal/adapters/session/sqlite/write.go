package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"

	"webapp/internal/ports"
)

const (
	clearExpired = `DELETE FROM records WHERE key = ? AND expires <= ?`
	createRecord = `INSERT INTO records (key, value, expires, version) VALUES (?, ?, ?, ?)
		ON CONFLICT (key) DO NOTHING`
	createIndex   = `INSERT INTO record_indexes (name, record) VALUES (?, ?) ON CONFLICT DO NOTHING`
	replaceRecord = `UPDATE records SET value = ?, expires = ?, version = ?
		WHERE key = ? AND version = ? AND expires > ?`
	deleteAny     = `DELETE FROM records WHERE key = ?`
	deleteVersion = `DELETE FROM records WHERE key = ? AND version = ? AND expires > ?`
)

// newVersion returns a random version. The probability that it equals a given
// earlier version is 1 in 9 * 10^18.
func newVersion() ports.Version {
	for {
		if v := ports.Version(rand.Int64()); v != ports.AnyVersion {
			return v
		}
	}
}

// Create implements ports.SessionStore.
func (s *Store) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	version, now := newVersion(), s.now().UnixMicro()
	err := s.write(ctx, "create", func(w *writer) error {
		return w.inTransaction(func() error {
			if _, err := w.clear.ExecContext(background(), r.Key, now); err != nil {
				return err
			}
			return w.insert(r, version)
		})
	})
	if err != nil {
		return ports.AnyVersion, err
	}
	return version, nil
}

// insert adds a record and its indexes, or returns ports.ErrRecordExists.
func (w *writer) insert(r ports.Record, version ports.Version) error {
	done, err := w.create.ExecContext(background(), r.Key, blob(r.Value), r.Expires.UnixMicro(), int64(version))
	if err != nil {
		return err
	}
	if added, err := done.RowsAffected(); err != nil {
		return err
	} else if added == 0 {
		return ports.ErrRecordExists
	}
	id, err := done.LastInsertId()
	if err != nil {
		return err
	}
	for _, index := range r.Indexes {
		if _, err := w.index.ExecContext(background(), index, id); err != nil {
			return err
		}
	}
	return nil
}

// Replace implements ports.SessionStore.
func (s *Store) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	version, now := newVersion(), s.now().UnixMicro()
	err := s.write(ctx, "replace", func(w *writer) error {
		done, err := w.replace.ExecContext(background(),
			blob(r.Value), r.Expires.UnixMicro(), int64(version), r.Key, int64(v), now)
		if changed, err := affected(done, err); changed || err != nil {
			return err
		}
		// Another process may write between the two statements, but version v
		// never comes back. So the result is right in any case.
		if there, err := w.has(r.Key, now); err != nil {
			return err
		} else if there {
			return ports.ErrRecordChanged
		}
		return ports.ErrNoRecord
	})
	if err != nil {
		return ports.AnyVersion, err
	}
	return version, nil
}

// Delete implements ports.SessionStore.
func (s *Store) Delete(ctx context.Context, key string, v ports.Version) error {
	now := s.now().UnixMicro()
	return s.write(ctx, "delete", func(w *writer) error {
		if v == ports.AnyVersion {
			_, err := w.delete.ExecContext(background(), key)
			return err
		}
		done, err := w.deleteVersion.ExecContext(background(), key, int64(v), now)
		if changed, err := affected(done, err); changed || err != nil {
			return err
		}
		if there, err := w.has(key, now); err != nil {
			return err
		} else if there {
			return ports.ErrRecordChanged
		}
		return ports.ErrNoRecord
	})
}

// affected reports whether the statement has changed a record.
func affected(done sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

// blob replaces nil, which the driver would write as NULL.
func blob(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

const (
	recordExists = `SELECT EXISTS (SELECT 1 FROM records WHERE key = ? AND expires > ?)`
	tryWrite     = `INSERT INTO probe (filler) VALUES (zeroblob(32768))`
	undoTry      = `DELETE FROM probe`
)

// write runs a change on the writer. It returns the errors that
// ports.SessionStore names unchanged, and ports.ErrStoreUnavailable for others.
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

// inTransaction runs change in a transaction.
func (w *writer) inTransaction(change func() error) error {
	if _, err := w.begin.ExecContext(background()); err != nil {
		// A rollback that failed after an I/O error may have left a
		// transaction open, which would block all later ones.
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

// has reports whether there is a live record with this key.
func (w *writer) has(key string, now int64) (there bool, err error) {
	err = w.exists.QueryRowContext(background(), key, now).Scan(&there)
	return there, err
}

// probe writes as many bytes as a large record has and deletes them again. It uses
// two transactions: in one, SQLite would write almost nothing.
func (w *writer) probe() error {
	if _, err := w.tryWrite.ExecContext(background()); err != nil {
		return err
	}
	_, err := w.undoTry.ExecContext(background())
	return err
}
