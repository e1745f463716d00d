package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"time"

	lib "modernc.org/sqlite/lib"
)

// patience is how long a caller waits for a free connection. The time limit of
// every method is patience plus the wait for the lock of another process.
const patience = 2 * time.Second

const readOnly = "PRAGMA query_only = 1"

// reader is a connection that reads, with its prepared statements. One goroutine
// uses it at a time.
type reader struct {
	conn                    *sql.Conn
	find, keys, ping, count *sql.Stmt
}

// writer is the one connection that writes, with its prepared statements.
type writer struct {
	conn                           *sql.Conn
	begin, commit, rollback        *sql.Stmt
	clear, create, index           *sql.Stmt
	replace, delete, deleteVersion *sql.Stmt
	exists, sweep, checkpoint      *sql.Stmt
	tryWrite, undoTry              *sql.Stmt
}

// readerCount returns how many reads can run at the same time. It is more than one
// for each processor, because some wait for the disk.
func readerCount() int { return min(2*runtime.GOMAXPROCS(0), 16) }

// connect opens all connections and migrates the schema.
func (s *Store) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	if err := patiently(ctx, func() error { return examine(ctx, s.path) }); err != nil {
		return err
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	s.conns = append(s.conns, conn)
	// The file is marked as ours before it is switched to WAL mode.
	if err := patiently(ctx, func() error { return migrate(ctx, conn, migrations[:]) }); err != nil {
		return err
	}
	if err := patiently(ctx, func() error { return useWAL(ctx, conn) }); err != nil {
		return err
	}
	w, err := s.newWriter(ctx, conn)
	if err != nil {
		return err
	}
	if err := w.probe(); err != nil { // a file that can only be read
		return err
	}
	s.writer = make(chan *writer, 1)
	s.writer <- w
	return s.connectReaders(ctx)
}

func (s *Store) connectReaders(ctx context.Context) error {
	s.readers = make(chan *reader, readerCount())
	for range cap(s.readers) {
		conn, err := s.db.Conn(ctx)
		if err != nil {
			return err
		}
		s.conns = append(s.conns, conn)
		r, err := s.newReader(ctx, conn)
		if err != nil {
			return err
		}
		s.readers <- r
	}
	return nil
}

// patiently repeats an operation while other processes use the file. SQLite itself
// does not wait for the switch to WAL mode.
func patiently(ctx context.Context, try func() error) error {
	var busy error
	for {
		err := try()
		if err != nil && busy != nil && ctx.Err() != nil {
			return busy
		}
		if c := code(err); c != lib.SQLITE_BUSY && c != lib.SQLITE_LOCKED && !errors.Is(err, errUnfinished) {
			return err
		}
		busy = err
		select {
		case <-ctx.Done():
			return busy
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func useWAL(ctx context.Context, conn *sql.Conn) error {
	var mode string
	err := conn.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
	if err == nil && mode != "wal" {
		return errNoWAL
	}
	return err
}

func (s *Store) newReader(ctx context.Context, conn *sql.Conn) (*reader, error) {
	if _, err := conn.ExecContext(ctx, readOnly); err != nil {
		return nil, err
	}
	r := &reader{conn: conn}
	return r, s.prepare(ctx, conn, map[string]**sql.Stmt{
		findRecord: &r.find, findKeys: &r.keys, ping: &r.ping, countIndexed: &r.count,
	})
}

func (s *Store) newWriter(ctx context.Context, conn *sql.Conn) (*writer, error) {
	w := &writer{conn: conn}
	return w, s.prepare(ctx, conn, map[string]**sql.Stmt{
		"BEGIN IMMEDIATE": &w.begin, "COMMIT": &w.commit, "ROLLBACK": &w.rollback,
		clearExpired: &w.clear, createRecord: &w.create, createIndex: &w.index,
		replaceRecord: &w.replace, deleteAny: &w.delete, deleteVersion: &w.deleteVersion,
		recordExists: &w.exists, sweepSome: &w.sweep, truncateWAL: &w.checkpoint,
		tryWrite: &w.tryWrite, undoTry: &w.undoTry,
	})
}

// prepare compiles each statement for conn. disconnect closes them, because
// database/sql does not close them with the connection.
func (s *Store) prepare(ctx context.Context, conn *sql.Conn, texts map[string]**sql.Stmt) error {
	for text, stmt := range texts {
		var err error
		if *stmt, err = conn.PrepareContext(ctx, text); err != nil {
			return err
		}
		s.statements = append(s.statements, *stmt)
	}
	return nil
}

// borrow takes a connection out of its pool. The caller puts it back.
func borrow[T any](ctx context.Context, s *Store, pool chan T) (conn T, err error) {
	if err := ctx.Err(); err != nil {
		return conn, err
	}
	select {
	case conn = <-pool:
		return conn, nil
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case conn = <-pool:
		return conn, nil
	case <-s.closed:
		return conn, errClosed
	case <-ctx.Done():
		return conn, ctx.Err()
	case <-timer.C:
		return conn, errQueue
	}
}
