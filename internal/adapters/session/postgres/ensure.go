package postgres

import (
	"context"
	"sync"
	"sync/atomic"
)

// schemaState knows whether the tables are up to date.
type schemaState struct {
	current atomic.Bool

	mu      sync.Mutex
	attempt *attempt
}

// attempt is one migration that is going on. All callers share it.
type attempt struct {
	done chan struct{}
	err  error
}

// ensure returns when the tables are up to date, or with an error when they
// could not be brought there within ctx.
func (s *Store) ensure(ctx context.Context) error {
	if s.schema.current.Load() {
		return nil
	}
	a := s.join()
	select {
	case <-a.done:
		return a.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join returns the attempt that is going on, or a new one. It goes on when its
// callers give up: a large table can take longer to change than they wait.
func (s *Store) join() *attempt {
	s.schema.mu.Lock()
	defer s.schema.mu.Unlock()
	if s.schema.attempt == nil {
		s.schema.attempt = &attempt{done: make(chan struct{})}
		go s.run(s.schema.attempt)
	}
	return s.schema.attempt
}

func (s *Store) run(a *attempt) {
	ctx, cancel := context.WithTimeout(s.life, migrateLimit)
	defer cancel()
	a.err = migrate(ctx, s.pool, migrations[:])
	s.schema.mu.Lock()
	defer s.schema.mu.Unlock()
	s.schema.attempt = nil
	s.schema.current.Store(a.err == nil)
	close(a.done)
}
