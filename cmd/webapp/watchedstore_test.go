package main

import (
	"bytes"
	"context"
	"fmt"

	"webapp/internal/ports"
)

func (s *watchedStore) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// counts answers the reads and writes so far.
func (s *watchedStore) counts() (reads, writes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads, s.writes
}

// holds reports whether text was ever written, in a key or a value.
func (s *watchedStore) holds(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.written {
		if bytes.Contains(r.Value, []byte(text)) || bytes.Contains([]byte(r.Key), []byte(text)) {
			return true
		}
	}
	return false
}

func (s *watchedStore) note(write bool, r ports.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return fmt.Errorf("%w: switched off by the test", ports.ErrStoreUnavailable)
	}
	if !write {
		s.reads++
		return nil
	}
	s.writes++
	if r.Value != nil {
		r.Value = bytes.Clone(r.Value)
		s.written = append(s.written, r)
	}
	return nil
}

func (s *watchedStore) Create(ctx context.Context, r ports.Record) error {
	if err := s.note(true, r); err != nil {
		return err
	}
	return s.SessionStore.Create(ctx, r)
}

func (s *watchedStore) Find(ctx context.Context, key string) ([]byte, error) {
	if err := s.note(false, ports.Record{}); err != nil {
		return nil, err
	}
	return s.SessionStore.Find(ctx, key)
}

func (s *watchedStore) Replace(ctx context.Context, r ports.Record) error {
	if err := s.note(true, r); err != nil {
		return err
	}
	return s.SessionStore.Replace(ctx, r)
}

func (s *watchedStore) Delete(ctx context.Context, key string) error {
	if err := s.note(true, ports.Record{Key: key}); err != nil {
		return err
	}
	return s.SessionStore.Delete(ctx, key)
}

func (s *watchedStore) Ready(context.Context) error { return s.note(false, ports.Record{}) }
