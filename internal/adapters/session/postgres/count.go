package postgres

import (
	"context"
	"sync"
	"time"

	"webapp/internal/ports"
)

const (
	// countLimit bounds one count, so that a table beyond all measure gives no
	// number and not a busy server.
	countLimit = 2 * time.Second
	// countShare is how many times as long as a count took no other is made:
	// it takes a hundredth of one processor at most.
	countShare = 100
)

// countIndexed finds what is live by its expiry and asks of each whether it has
// an index. A column that told sessions apart would be read quicker, but be a
// change of the schema: a role that may not make it, and older instances, would
// be shut out for the sake of a gauge.
const countIndexed = `SELECT count(*) FROM webapp_session_records AS r WHERE expires > $1
	AND EXISTS (SELECT 1 FROM webapp_session_indexes AS i WHERE i.key = r.key)`

// lastCount is what was counted, or why it failed, and until when it holds.
type lastCount struct {
	mu    sync.Mutex // held by whoever counts
	ahead time.Duration
	n     int
	err   error
	until time.Time
}

// IndexedRecords implements ports.SessionCounter. One count is made at a time;
// others wait for it and take its number, which holds for ports.MaxCountAge or, on
// large tables, for longer.
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
