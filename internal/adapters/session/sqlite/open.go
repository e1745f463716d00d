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

// openLimit is how long Open goes on trying while others hold the file, such
// as processes that start at the same time.
const openLimit = 5 * time.Second

// pragmas are the settings of every connection. The file itself keeps that it is
// in WAL mode.
var pragmas = [...]string{
	"busy_timeout(2000)", // milliseconds
	"synchronous(NORMAL)",
	"foreign_keys(1)",
	"cache_size(-4096)",            // KiB, for each connection
	"journal_size_limit(16777216)", // bytes that the WAL keeps after a checkpoint
	"trusted_schema(0)",
}

// Open opens the store in the file at path and makes it, readable by its owner
// alone, where there is none. clock tells the time by which records expire.
// The error says what is wrong with the file and what to do about it, and does
// not quote the path. A file of another program is left as it is.
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

// open is Open with the beat of the background sweep.
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

// settings are those of every connection that the store keeps.
func settings() url.Values {
	query := url.Values{"_txlock": {"immediate"}}
	for _, pragma := range pragmas {
		query.Add("_pragma", pragma)
	}
	return query
}

// openFile names the file to the driver, as a URL, so that no character of the
// path has a meaning. Nothing is opened yet.
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

// prepareFile returns the absolute path of a file that is there.
//
// A file that is there already is not opened here: closing it again would
// release, under POSIX, the locks that another handle of this process holds.
func prepareFile(path string) (string, error) {
	if path == "" || path == ":memory:" {
		return "", errors.New("sqlite: no file is named: give the path of one, such as /var/lib/webapp/sessions.db")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", errors.New("sqlite: the path cannot be understood: give an absolute one")
	}
	info, err := os.Stat(absolute)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return absolute, createFile(absolute)
	case err != nil:
		return "", fmt.Errorf("sqlite: the file cannot be looked at; check the path and its permissions: %w", withoutPath(err))
	case info.IsDir():
		return "", errors.New("sqlite: it is a directory: name a file in it, such as sessions.db")
	case !info.Mode().IsRegular():
		return "", errors.New("sqlite: it is no regular file: choose another path")
	}
	return absolute, nil
}

// createFile makes an empty file. SQLite would make it readable by others; its
// companions get the mode that the file has.
func createFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, os.ErrExist): // another process was quicker
		return nil
	case errors.Is(err, os.ErrNotExist):
		return errors.New("sqlite: the file cannot be made, because its directory does not exist: make it, or choose another path")
	case err != nil:
		return fmt.Errorf("sqlite: the file cannot be made; let this user write to its directory, or choose another path: %w", withoutPath(err))
	}
	return file.Close()
}

// withoutPath returns why a call of the operating system failed, without the
// path: it is a part of SESSION_STORE, whose text can be a mistyped password.
func withoutPath(err error) error {
	if failed := (*os.PathError)(nil); errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
