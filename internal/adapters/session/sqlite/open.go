package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

// openLimit is how long Open waits for other processes that use the file, such as
// instances that start at the same time.
const openLimit = 5 * time.Second

// pragmas are the settings of every connection. WAL mode is a setting of the file.
var pragmas = [...]string{
	"busy_timeout(2000)", // milliseconds
	"synchronous(NORMAL)",
	"foreign_keys(1)",
	"cache_size(-4096)",            // KiB, for each connection
	"journal_size_limit(16777216)", // bytes that the WAL keeps after a checkpoint
	"trusted_schema(0)",
}

// Open returns a store in the file at path. It creates the file if there is none;
// only its owner can read it. clock is the time by which records expire. The error
// says what is wrong with the file and what to do, and does not quote the path. A
// file of another program stays unchanged.
func Open(ctx context.Context, path string, clock func() time.Time) (*Store, error) {
	sweeps := time.NewTicker(sweepEvery)
	s, err := open(ctx, path, clock, sweeps.C)
	if err != nil {
		sweeps.Stop()
		return nil, err
	}
	s.stopTicks = sweeps.Stop
	return s, nil
}

// open is Open with a channel for the background sweep.
func open(ctx context.Context, path string, clock func() time.Time, sweeps <-chan time.Time) (*Store, error) {
	path, err := prepareFile(path)
	if err != nil {
		return nil, err
	}
	db, err := openFile(path, settings())
	if err != nil {
		return nil, explain(err)
	}
	s := &Store{
		db: db, path: path, now: clock,
		closed: make(chan struct{}), swept: make(chan struct{}), stopTicks: func() {},
	}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(explain(err), s.disconnect())
	}
	go s.sweepAt(sweeps)
	return s, nil
}

// settings returns the URL parameters for every connection of the store.
func settings() url.Values {
	query := url.Values{"_txlock": {"immediate"}}
	for _, pragma := range pragmas {
		query.Add("_pragma", pragma)
	}
	return query
}

// openFile returns a database for the file. It passes the path as a URL, so that
// no character has a special meaning. It opens no connection yet.
func openFile(path string, settings url.Values) (*sql.DB, error) {
	path = filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" {
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: settings.Encode()}
	connector, err := sqlite.NewConnector(u.String())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// prepareFile returns the absolute path of the file, and creates it if there is
// none.
//
// It does not open an existing file: with POSIX, closing it would release the
// locks of other handles of this process.
func prepareFile(path string) (string, error) {
	if path == "" || path == ":memory:" {
		return "", errors.New("sqlite: the path is missing: write one, such as /var/lib/webapp/sessions.db")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", errors.New("sqlite: the path is invalid: write an absolute path")
	}
	info, err := os.Stat(absolute)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return absolute, createFile(absolute)
	case err != nil:
		return "", fmt.Errorf("sqlite: the file cannot be accessed; check the path and its permissions: %w", withoutPath(err))
	case info.IsDir():
		return "", errors.New("sqlite: the path is a directory: name a file in it, such as sessions.db")
	case !info.Mode().IsRegular():
		return "", errors.New("sqlite: the path is not a regular file: choose another path")
	}
	return absolute, nil
}

// createFile creates an empty file that only its owner can read. SQLite gives the
// -wal and -shm files the same mode.
func createFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, os.ErrExist): // another process was first
		return nil
	case errors.Is(err, os.ErrNotExist):
		return errors.New("sqlite: the file cannot be created, because its directory does not exist: create the directory, or choose another path")
	case err != nil:
		return fmt.Errorf("sqlite: the file cannot be created; let this user write to its directory, or choose another path: %w", withoutPath(err))
	}
	return file.Close()
}

// withoutPath returns the cause of a file error without the path. The path is part
// of SESSION_STORE, which can be a mistyped URL with a password.
func withoutPath(err error) error {
	if failed := (*os.PathError)(nil); errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
