package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// migrations create the tables. Each runs once, in this order; webapp_session_schema
// has the number of migrations that have run. Never change a published one. Add new
// ones at the end.
//
// Times are microseconds since 1970, UTC. Values are sealed, so compressing them is
// useless. The foreign key deletes the indexes of a record. Its trigger sees indexes
// that a concurrent statement has added, which a DELETE of ours would not.
var migrations = [...]string{
	`CREATE TABLE webapp_session_records (
		key text COLLATE "C" PRIMARY KEY,
		expires bigint NOT NULL,
		version bigint NOT NULL,
		value bytea NOT NULL
	);
	ALTER TABLE webapp_session_records ALTER COLUMN value SET STORAGE EXTERNAL;
	CREATE INDEX webapp_session_records_expires ON webapp_session_records (expires);
	CREATE TABLE webapp_session_indexes (
		name text COLLATE "C" NOT NULL,
		key text COLLATE "C" NOT NULL REFERENCES webapp_session_records (key) ON DELETE CASCADE,
		PRIMARY KEY (name, key)
	);
	CREATE INDEX webapp_session_indexes_key ON webapp_session_indexes (key);`,
}

const (
	// migrateLimit is the time limit of a migration. Callers wait for it only as
	// long as for other calls.
	migrateLimit = 5 * time.Minute
	// migrateLock is the advisory lock for migrations, so that one instance runs
	// them at a time.
	migrateLock = 0x77656261707073
)

const (
	readVersion  = `SELECT version FROM webapp_session_schema`
	writeVersion = `UPDATE webapp_session_schema SET version = $1`
	makeVersion  = `CREATE TABLE IF NOT EXISTS webapp_session_schema (
			id integer PRIMARY KEY CHECK (id = 1),
			version integer NOT NULL
		);
		INSERT INTO webapp_session_schema (id, version) VALUES (1, 0) ON CONFLICT DO NOTHING`
)

// migrate runs the missing migrations. If none is missing, the role needs no right to
// change tables.
func migrate(ctx context.Context, pool *pgxpool.Pool, migrations []string) error {
	var version int
	err := pool.QueryRow(ctx, readVersion).Scan(&version)
	switch {
	case err == nil && version == len(migrations):
		return nil
	case err == nil && version > len(migrations):
		return errNewer
	case err != nil && !hasState(err, undefinedTable):
		return err
	}
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return migrateIn(ctx, tx, migrations) })
	if err != nil && !errors.Is(err, errNewer) {
		return fmt.Errorf("%w: %w", errTables, err)
	}
	return err
}

func migrateIn(ctx context.Context, tx pgx.Tx, migrations []string) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrateLock)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, makeVersion); err != nil {
		return err
	}
	var version int
	if err := tx.QueryRow(ctx, readVersion).Scan(&version); err != nil {
		return err
	}
	if version > len(migrations) {
		return errNewer
	}
	for _, statements := range migrations[version:] {
		if _, err := tx.Exec(ctx, statements); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, writeVersion, len(migrations))
	return err
}

// schemaState says whether the tables are up to date.
type schemaState struct {
	current atomic.Bool

	mu      sync.Mutex
	attempt *attempt
}

// attempt is a migration that is running. All callers share it.
type attempt struct {
	done chan struct{}
	err  error
}

// ensure waits until the tables are up to date. It returns an error if the migration
// fails or ctx ends.
func (s *Store) ensure(ctx context.Context) error {
	if s.schema.current.Load() {
		return nil
	}
	a := s.join()
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join returns the running attempt, or starts one. The attempt continues when its
// callers stop waiting, because changing a large table can take longer.
func (s *Store) join() *attempt {
	s.schema.mu.Lock()
	defer s.schema.mu.Unlock()
	if s.schema.attempt == nil {
		s.schema.attempt = &attempt{done: make(chan struct{})}
		go s.run(s.schema.attempt)
	}
	return s.schema.attempt
}

func (s *Store) run(a *attempt) {
	ctx, cancel := context.WithTimeout(s.life, migrateLimit)
	defer cancel()
	a.err = migrate(ctx, s.pool, migrations[:])
	s.schema.mu.Lock()
	defer s.schema.mu.Unlock()
	s.schema.attempt = nil
	s.schema.current.Store(a.err == nil)
	close(a.done)
}
