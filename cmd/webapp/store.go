package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"webapp/internal/adapters/session/memory"
	"webapp/internal/adapters/session/postgres"
	"webapp/internal/adapters/session/redis"
	"webapp/internal/adapters/session/sqlite"
	"webapp/internal/ports"
)

// sessionStore is a store that ends with the process.
type sessionStore interface {
	ports.SessionStore
	Close() error
}

// storeScheme is what SESSION_STORE begins with, up to the colon.
func (s *settings) storeScheme() string {
	scheme, _, _ := strings.Cut(s.SessionStore, ":")
	return scheme
}

// openStore opens the store that SESSION_STORE names. A server that is down is
// no error: the store heals, and /readyz says so meanwhile.
func (s *settings) openStore(ctx context.Context, now func() time.Time) (sessionStore, error) {
	var store sessionStore
	var err error
	switch s.storeScheme() {
	case "memory":
		return memory.New(now), nil
	case "sqlite":
		store, err = sqlite.Open(ctx, strings.TrimPrefix(s.SessionStore, "sqlite:"), now)
	case "postgres", "postgresql":
		store, err = postgres.Open(ctx, s.SessionStore, now)
	default:
		store, err = redis.Open(s.SessionStore, now)
	}
	if err != nil {
		return nil, fmt.Errorf("webapp cannot use its SESSION_STORE: %w", err)
	}
	return store, nil
}

// checkStore wants a known form, and a key that outlives the process where the
// store does.
func (s *settings) checkStore(found *problems) {
	switch s.storeScheme() {
	case "memory":
		if s.SessionStore != "memory:" {
			found.add("SESSION_STORE", "has something after memory:", "Write memory: alone.")
		}
		return
	case "sqlite":
		if strings.TrimPrefix(s.SessionStore, "sqlite:") == "" {
			found.add("SESSION_STORE", "names no file", "Write it like sqlite:/var/lib/webapp/sessions.db")
		}
	case "redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster", "postgres", "postgresql":
		if !strings.Contains(s.SessionStore, "://") {
			found.add("SESSION_STORE", "is not a URL", "Write it like redis://localhost:6379 or postgres://user:password@host/database")
		}
	default:
		found.add("SESSION_STORE", "is not a store that this application knows",
			"Use memory:, sqlite:PATH, redis://…, rediss://…, redis+sentinel://…, redis+cluster://… or postgres://…")
		return
	}
	if s.SessionKey == "" {
		found.add("SESSION_KEY", "is missing, and this SESSION_STORE outlives the process",
			"Make one with: openssl rand -base64 32. Every instance needs the same.")
	}
}
