package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"webapp/internal/adapters/session/remote"
	"webapp/internal/ports"
)

const (
	findRecord = `SELECT value, version FROM webapp_session_records WHERE key = $1 AND expires > $2`
	findKeys   = `SELECT key FROM webapp_session_indexes JOIN webapp_session_records USING (key)
		WHERE name = $1 AND expires > $2 LIMIT $3`
	onlyReads = `SELECT current_setting('transaction_read_only') = 'on'`
)

// Store implements ports.SessionStore, ports.StoreReadiness and
// ports.SessionCounter. It is safe for concurrent use.
type Store struct {
	pool    *pgxpool.Pool
	now     func() time.Time
	schema  schemaState
	counted lastCount

	life      context.Context // of background work
	end       context.CancelFunc
	closing   sync.Once
	swept     chan struct{} // closed when the background sweep has ended
	stopTicks func()
}

var (
	_ ports.SessionStore   = (*Store)(nil)
	_ ports.StoreReadiness = (*Store)(nil)
	_ ports.SessionCounter = (*Store)(nil)
)

// Find implements ports.SessionStore in one round trip.
func (s *Store) Find(ctx context.Context, key string) (ports.Record, error) {
	record := ports.Record{Key: key}
	err := s.call(ctx, "find", func(ctx context.Context) error {
		err := s.pool.QueryRow(ctx, findRecord, key, s.now().UnixMicro()).
			Scan(&record.Value, (*int64)(&record.Version))
		if errors.Is(err, pgx.ErrNoRows) {
			return ports.ErrNoRecord
		}
		return err
	})
	if err != nil {
		return ports.Record{}, err
	}
	return record, nil
}

// Keys implements ports.SessionStore.
func (s *Store) Keys(ctx context.Context, index string) (keys []string, err error) {
	err = s.call(ctx, "find keys", func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, findKeys, index, s.now().UnixMicro(), ports.MaxKeys)
		if err != nil {
			return err
		}
		keys, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// Ready implements ports.StoreReadiness. A server that allows no writes is not ready.
func (s *Store) Ready(ctx context.Context) error {
	return s.call(ctx, "ready", func(ctx context.Context) error {
		var standby bool
		err := s.pool.QueryRow(ctx, onlyReads).Scan(&standby)
		if err == nil && standby {
			return errStandby
		}
		return err
	})
}

// Close ends background work, waits for the current calls and closes all
// connections. It does not wait longer than closeLimit. Later calls return
// ports.ErrStoreUnavailable. Another Close returns nil.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.stopTicks()
		s.end()
		<-s.swept
		closed := make(chan struct{})
		go func() { s.pool.Close(); close(closed) }()
		limit := time.NewTimer(closeLimit)
		defer limit.Stop()
		select {
		case <-closed:
		case <-limit.C:
		}
	})
	return nil
}

// call runs ask within the time limit, after making sure that the tables exist. It
// returns the errors that ports.SessionStore names unchanged, and
// ports.ErrStoreUnavailable for others.
//
// If the caller cancels ctx, as when a browser disconnects, the statement continues.
// Cancelling it would close the connection, and anonymous visitors could make the
// application reconnect all the time.
func (s *Store) call(ctx context.Context, doing string, ask func(context.Context) error) error {
	err := ctx.Err()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
	defer cancel()
	if err == nil {
		err = s.ensure(ctx)
	}
	if err == nil {
		err = ask(ctx)
	}
	switch {
	case err == nil, errors.Is(err, ports.ErrNoRecord),
		errors.Is(err, ports.ErrRecordExists), errors.Is(err, ports.ErrRecordChanged):
		return err
	case hasState(err, undefinedTable): // the tables were dropped
		s.schema.current.Store(false)
	}
	return remote.Unavailable("PostgreSQL", doing+": "+reason(err), err)
}
