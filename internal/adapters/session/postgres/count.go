package postgres

import (
	"context"
	"sync"
	"time"

	"webapp/internal/ports"
)

const (
	// countLimit is the time limit of a count, so that a very large table does not
	// keep the server busy.
	countLimit = 2 * time.Second
	// countShare sets the pause after a count: countShare times the duration of the
	// count. Counting then uses at most one percent of a processor.
	countShare = 100
)

// countIndexed counts live records with an index. A column for sessions would be
// faster, but needs a migration. A role without the right to run it, and older
// instances, could then not use the store.
const countIndexed = `SELECT count(*) FROM webapp_session_records AS r WHERE expires > $1
	AND EXISTS (SELECT 1 FROM webapp_session_indexes AS i WHERE i.key = r.key)`

// lastCount is the result of the last count and how long it is used.
type lastCount struct {
	mu    sync.Mutex // locked while counting
	ahead time.Duration
	n     int
	err   error
	until time.Time
}

// IndexedRecords implements ports.SessionCounter. Concurrent callers share one count.
// Its result is used for ports.MaxCountAge, and longer if the table is large.
func (s *Store) IndexedRecords(ctx context.Context, ahead time.Duration) (int, error) {
	s.counted.mu.Lock()
	defer s.counted.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	began := s.now()
	if c := &s.counted; !began.Before(c.until) || c.ahead != ahead {
		c.n, c.err = s.count(context.WithoutCancel(ctx), ahead)
		c.ahead = ahead
		ended := s.now()
		c.until = ended.Add(max(ports.MaxCountAge, countShare*ended.Sub(began)))
	}
	return s.counted.n, s.counted.err
}

func (s *Store) count(ctx context.Context, ahead time.Duration) (n int, err error) {
	err = s.call(ctx, "count", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, countLimit)
		defer cancel()
		return s.pool.QueryRow(ctx, countIndexed, s.now().Add(ahead).UnixMicro()).Scan(&n)
	})
	return n, err
}
