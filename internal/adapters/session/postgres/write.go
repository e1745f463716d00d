package postgres

import (
	"context"
	"math/rand/v2"

	"github.com/jackc/pgx/v5"

	"webapp/internal/ports"
)

const (
	clearExpired = `DELETE FROM webapp_session_records WHERE key = $1 AND expires <= $2`
	createRecord = `WITH created AS (
			INSERT INTO webapp_session_records (key, value, expires, version) VALUES ($1, $2, $3, $4)
			ON CONFLICT (key) DO NOTHING RETURNING key
		), indexed AS (
			INSERT INTO webapp_session_indexes (name, key)
			SELECT DISTINCT name, created.key FROM created, unnest($5::text[]) AS name
		)
		SELECT count(*) FROM created`
	replaceRecord = `UPDATE webapp_session_records SET value = $1, expires = $2, version = $3
		WHERE key = $4 AND version = $5 AND expires > $6`
	deleteAny     = `DELETE FROM webapp_session_records WHERE key = $1`
	deleteVersion = `DELETE FROM webapp_session_records WHERE key = $1 AND version = $2 AND expires > $3`
	recordExists  = `SELECT EXISTS (SELECT 1 FROM webapp_session_records WHERE key = $1 AND expires > $2)`
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

// Create implements ports.SessionStore in one round trip. The statements of the batch
// are one transaction. Each sees everything that was committed before it began.
func (s *Store) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	version := newVersion()
	batch := &pgx.Batch{}
	batch.Queue(clearExpired, r.Key, s.now().UnixMicro())
	batch.Queue(createRecord, r.Key, blob(r.Value), r.Expires.UnixMicro(), int64(version), texts(r.Indexes))
	err := s.call(ctx, "create", func(ctx context.Context) error {
		results := s.pool.SendBatch(ctx, batch)
		created, err := readCreated(results)
		if closed := results.Close(); err == nil {
			err = closed // the commit
		}
		if err == nil && created == 0 {
			return ports.ErrRecordExists
		}
		return err
	})
	if err != nil {
		return ports.AnyVersion, err
	}
	return version, nil
}

func readCreated(results pgx.BatchResults) (created int, err error) {
	if _, err := results.Exec(); err != nil {
		return 0, err
	}
	err = results.QueryRow().Scan(&created)
	return created, err
}

// Replace implements ports.SessionStore in one round trip if it succeeds.
func (s *Store) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	version, now := newVersion(), s.now().UnixMicro()
	err := s.call(ctx, "replace", func(ctx context.Context) error {
		done, err := s.pool.Exec(ctx, replaceRecord,
			blob(r.Value), r.Expires.UnixMicro(), int64(version), r.Key, int64(v), now)
		if err != nil || done.RowsAffected() > 0 {
			return err
		}
		if there, err := s.has(ctx, r.Key, now); err != nil {
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

// Delete implements ports.SessionStore in one round trip if it succeeds.
func (s *Store) Delete(ctx context.Context, key string, v ports.Version) error {
	now := s.now().UnixMicro()
	return s.call(ctx, "delete", func(ctx context.Context) error {
		if v == ports.AnyVersion {
			_, err := s.pool.Exec(ctx, deleteAny, key)
			return err
		}
		done, err := s.pool.Exec(ctx, deleteVersion, key, int64(v), now)
		if err != nil || done.RowsAffected() > 0 {
			return err
		}
		if there, err := s.has(ctx, key, now); err != nil {
			return err
		} else if there {
			return ports.ErrRecordChanged
		}
		return ports.ErrNoRecord
	})
}

// has reports whether there is a live record with this key. It is called after a write
// has not found its version. Others may have written since, but that version never
// comes back, so the result is right in any case.
func (s *Store) has(ctx context.Context, key string, now int64) (there bool, err error) {
	err = s.pool.QueryRow(ctx, recordExists, key, now).Scan(&there)
	return there, err
}

// blob replaces nil, which the driver would write as NULL.
func blob(value []byte) []byte {
	if value == nil {
		return []byte{}
	}
	return value
}

// texts replaces nil, which the driver would write as NULL.
func texts(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
