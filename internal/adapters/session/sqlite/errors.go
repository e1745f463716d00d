package sqlite

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"webapp/internal/ports"
)

var (
	errClosed = errors.New("the store is closed")
	errQueue  = errors.New("too many requests wait for the file")
	errNewer  = errors.New("it was written by a newer version of this program: run that version, or choose another file")
	errAlien  = errors.New("it is a database of another program: choose another file")
	errNoWAL  = errors.New("its file system has no shared memory for the write-ahead log: choose a path on a local disk")
	// errUnfinished is for a file that is not marked as ours and has a journal.
	errUnfinished = errors.New("another program is writing to it, or was killed while it was: choose another file")
)

// unavailable adds ports.ErrStoreUnavailable to an error. Neither the driver's
// errors nor ours contain keys or values.
func unavailable(doing string, err error) error {
	return fmt.Errorf("%w: sqlite: %s: %w", ports.ErrStoreUnavailable, doing, err)
}

// code returns SQLite's primary result code, or 0 for other errors. The codes are
// at https://www.sqlite.org/rescode.html.
func code(err error) int {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return lib.SQLITE_OK
	}
	return failed.Code() & 0xff
}

// explain returns an error that says why the file cannot be used and what to do.
func explain(err error) error {
	advice := "check the disk and the file"
	switch code(err) {
	case lib.SQLITE_OK:
		return fmt.Errorf("sqlite: the file cannot be used: %w", err)
	case lib.SQLITE_NOTADB:
		advice = "it is not an SQLite database: choose another file"
	case lib.SQLITE_CORRUPT:
		advice = "it is damaged: move it away; then an empty file is created"
	case lib.SQLITE_READONLY, lib.SQLITE_PERM, lib.SQLITE_CANTOPEN, lib.SQLITE_AUTH:
		advice = "let this user write to it and to its directory, or choose another path"
	case lib.SQLITE_FULL:
		advice = "the disk is full: make room"
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		advice = "another program uses it: end that program, or choose another path"
	}
	return fmt.Errorf("sqlite: the file cannot be used; %s: %w", advice, err)
}
