package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"webapp/internal/ports"
)

const (
	findRecord = `SELECT value, version FROM records WHERE key = ? AND expires > ?`
	findKeys   = `SELECT r.key FROM record_indexes i JOIN records r ON r.id = i.record
		WHERE i.name = ? AND r.expires > ? LIMIT ?`
	ping = `SELECT count(*) FROM probe`
	// With two indexes, SQLite can count the records without reading their values.
	countIndexed = `SELECT count(*) FROM records WHERE expires > ?
		AND EXISTS (SELECT 1 FROM record_indexes WHERE record = records.id)`
)

// Store implements ports.SessionStore, ports.StoreReadiness and
// ports.SessionCounter. It is safe for concurrent use.
type Store struct {
	db    *sql.DB
	conns []*sql.Conn
	// statements are the prepared statements of all connections.
	statements []*sql.Stmt
	path       string
	now        func() time.Time
	readers    chan *reader
	writer     chan *writer

	// refused says that the last write has failed.
	refused atomic.Bool

	closing   sync.Once
	closed    chan struct{}
	swept     chan struct{} // closed when the background sweep has ended
	stopTicks func()
}

var (
	_ ports.SessionStore   = (*Store)(nil)
	_ ports.StoreReadiness = (*Store)(nil)
	_ ports.SessionCounter = (*Store)(nil)
)

// background returns the context for statements. With a context that can end, a
// statement starts two goroutines, which cost more than finding a record. SQLite
// itself limits the wait for a lock.
func background() context.Context { return context.Background() }

// Find implements ports.SessionStore.
func (s *Store) Find(ctx context.Context, key string) (ports.Record, error) {
	r, err := borrow(ctx, s, s.readers)
	if err != nil {
		return ports.Record{}, unavailable("find", err)
	}
	defer func() { s.readers <- r }()
	record := ports.Record{Key: key}
	err = r.find.QueryRowContext(background(), key, s.now().UnixMicro()).Scan(&record.Value, (*int64)(&record.Version))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ports.Record{}, ports.ErrNoRecord
	case err != nil:
		return ports.Record{}, unavailable("find", err)
	}
	return record, nil
}

// Keys implements ports.SessionStore.
func (s *Store) Keys(ctx context.Context, index string) ([]string, error) {
	r, err := borrow(ctx, s, s.readers)
	if err != nil {
		return nil, unavailable("find keys", err)
	}
	defer func() { s.readers <- r }()
	rows, err := r.keys.QueryContext(background(), index, s.now().UnixMicro(), ports.MaxKeys)
	if err != nil {
		return nil, unavailable("find keys", err)
	}
	defer rows.Close()
	var keys []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, unavailable("find keys", err)
		}
		keys = append(keys, key)
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable("find keys", err)
	}
	return keys, nil
}

// Ready implements ports.StoreReadiness. After a failed write, Ready tries another
// one. So it reports a full disk, and also that the disk has space again.
func (s *Store) Ready(ctx context.Context) error {
	if s.refused.Load() {
		return s.write(ctx, "write", (*writer).probe)
	}
	r, err := borrow(ctx, s, s.readers)
	if err != nil {
		return unavailable("read", err)
	}
	defer func() { s.readers <- r }()
	var count int
	if err := r.ping.QueryRowContext(background()).Scan(&count); err != nil {
		return unavailable("read", err)
	}
	return nil
}

// IndexedRecords implements ports.SessionCounter.
func (s *Store) IndexedRecords(ctx context.Context, ahead time.Duration) (int, error) {
	r, err := borrow(ctx, s, s.readers)
	if err != nil {
		return 0, unavailable("count", err)
	}
	defer func() { s.readers <- r }()
	var count int
	if err := r.count.QueryRowContext(background(), s.now().Add(ahead).UnixMicro()).Scan(&count); err != nil {
		return 0, unavailable("count", err)
	}
	return count, nil
}

// Close ends the background sweep, waits for the current calls and closes the
// file. Later calls return ports.ErrStoreUnavailable. Another Close returns nil.
func (s *Store) Close() (err error) {
	s.closing.Do(func() {
		s.stopTicks()
		close(s.closed)
		<-s.swept
		limit, cancel := context.WithTimeout(background(), 2*patience)
		defer cancel()
		for range cap(s.writer) + cap(s.readers) {
			select {
			case <-s.writer:
			case <-s.readers:
			case <-limit.Done(): // the disk does not respond
			}
		}
		err = s.disconnect()
	})
	return err
}

// disconnect closes all connections and the file.
func (s *Store) disconnect() error {
	var errs []error
	for _, statement := range s.statements {
		errs = append(errs, statement.Close())
	}
	for _, conn := range s.conns {
		errs = append(errs, conn.Close())
	}
	return errors.Join(append(errs, s.db.Close())...)
}
