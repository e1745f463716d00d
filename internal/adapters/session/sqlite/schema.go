package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// applicationID marks the file as ours, see PRAGMA application_id.
const applicationID = 0x77736573

// migrations make the schema. Each runs once, in this order, and user_version
// counts those that have. A published one is never changed; the next is added
// at the end.
//
// Records have an integer key of their own: measured against the key itself as
// primary key of a table WITHOUT ROWID, finding costs the same, and with two
// indexes to a record writing costs a quarter less CPU and the file is a
// quarter smaller. Times are microseconds since 1970, UTC.
var migrations = [...]string{
	`CREATE TABLE records (
		id INTEGER PRIMARY KEY,
		key TEXT NOT NULL UNIQUE,
		expires INTEGER NOT NULL,
		version INTEGER NOT NULL,
		value BLOB NOT NULL
	) STRICT;
	CREATE INDEX records_by_expiry ON records (expires);
	CREATE TABLE record_indexes (
		name TEXT NOT NULL,
		record INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
		PRIMARY KEY (name, record)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX record_indexes_by_record ON record_indexes (record);
	CREATE TABLE probe (filler BLOB NOT NULL) STRICT;`,
}

// migrate brings the schema up to date, in one transaction that keeps other
// processes out.
func migrate(ctx context.Context, conn *sql.Conn, migrations []string) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit there is nothing to roll back
	version, err := schemaVersion(ctx, tx)
	switch {
	case err != nil:
		return err
	case version > len(migrations):
		return errNewer
	}
	for _, statements := range migrations[version:] {
		if _, err := tx.ExecContext(ctx, statements); err != nil {
			return fmt.Errorf("migrate the schema: %w", err)
		}
	}
	mark := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(migrations))
	if _, err := tx.ExecContext(ctx, mark); err != nil {
		return err
	}
	return tx.Commit()
}

// schemaVersion returns how many migrations have run, or errAlien where the
// database is not ours.
func schemaVersion(ctx context.Context, tx *sql.Tx) (int, error) {
	var application, version, tables int
	err := tx.QueryRowContext(ctx, `SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id, pragma_user_version`).Scan(&application, &version, &tables)
	if err != nil {
		return 0, err
	}
	empty := application == 0 && version == 0 && tables == 0
	if application != applicationID && !empty {
		return 0, errAlien
	}
	return version, nil
}
