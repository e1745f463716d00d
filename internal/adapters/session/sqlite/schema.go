package sqlite

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
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
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	version, _, err := schemaVersion(ctx, tx)
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

// queryer is a connection or a transaction.
type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaVersion returns how many migrations have run, and whether the database
// is marked as ours. It returns errAlien for one of another program.
func schemaVersion(ctx context.Context, db queryer) (version int, ours bool, err error) {
	var application, tables int
	err = db.QueryRowContext(ctx, `SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id, pragma_user_version`).Scan(&application, &version, &tables)
	if err != nil {
		return 0, false, err
	}
	empty := application == 0 && version == 0 && tables == 0
	if application != applicationID && !empty {
		return 0, false, errAlien
	}
	return version, application == applicationID, nil
}

// examine looks whether the file is ours or new, and leaves everything as it is.
// The ordinary way of opening would replay a journal that another program has
// left, or make and remove the companions of its write-ahead log. With
// immutable=1 SQLite takes no lock and reads the file alone.
//
// A file of ours is marked by the transaction that first writes to it. Others
// may be in it right now, so the order of the questions matters: with no journal
// beside it, a file that is not empty is complete.
func examine(ctx context.Context, path string) error {
	file, err := os.Stat(path)
	if err != nil {
		return withoutPath(err)
	}
	unfinished := hasContent(path+"-journal") || hasContent(path+"-wal")
	if markedInWAL(path + "-wal") {
		return nil
	}
	db, err := openFile(path, url.Values{"mode": {"ro"}, "immutable": {"1"}})
	if err != nil {
		return err
	}
	defer db.Close()
	_, ours, err := schemaVersion(ctx, db)
	switch {
	case err == nil && ours, file.Size() == 0 && !unfinished:
		return nil
	case unfinished && !errors.Is(err, errAlien):
		return errUnfinished
	case err != nil:
		return err
	}
	return errAlien
}

// markedInWAL reports whether a write-ahead log holds a first page with our
// mark: until now a new file was switched to WAL before it was marked. See
// https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
func markedInWAL(path string) bool {
	const headSize, frameHeadSize, markAt = 32, 24, 68
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	log := bufio.NewReader(file)
	var head [headSize]byte
	if _, err := io.ReadFull(log, head[:]); err != nil {
		return false
	}
	pageSize := binary.BigEndian.Uint32(head[8:])
	if pageSize < 512 || pageSize > 65536 {
		return false
	}
	frame := make([]byte, frameHeadSize+pageSize)
	for {
		if _, err := io.ReadFull(log, frame); err != nil {
			return false
		}
		page := frame[frameHeadSize:]
		if binary.BigEndian.Uint32(frame) == 1 && binary.BigEndian.Uint32(page[markAt:]) == applicationID {
			return true
		}
	}
}

func hasContent(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}
