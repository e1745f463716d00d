package main

import (
	"bytes"
	"context"
	"sync"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// recorder records everything that is written to a store.
type recorder struct {
	ports.SessionStore
	mu      sync.Mutex
	written []ports.Record
}

func (s *recorder) keep(r ports.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Value = bytes.Clone(r.Value)
	s.written = append(s.written, r)
}

func (s *recorder) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	s.keep(r)
	return s.SessionStore.Create(ctx, r)
}

func (s *recorder) Replace(ctx context.Context, r ports.Record, v ports.Version) (ports.Version, error) {
	s.keep(r)
	return s.SessionStore.Replace(ctx, r, v)
}

// contains reports whether text was ever written, in a key, an index or a value.
func (s *recorder) contains(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.written {
		for _, part := range append(r.Indexes, r.Key, string(r.Value)) {
			if bytes.Contains([]byte(part), []byte(text)) {
				return true
			}
		}
	}
	return false
}

// reads and writes count the calls to a store.
func reads(calls []portstest.StoreCall) int {
	n := 0
	for _, c := range calls {
		if c.Method == "Find" || c.Method == "Keys" {
			n++
		}
	}
	return n
}

func writes(calls []portstest.StoreCall) int { return len(calls) - reads(calls) }
