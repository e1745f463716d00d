package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

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
	open, known := sessionStores()[s.storeScheme()]
	if !known {
		return nil, errors.New("webapp cannot use its SESSION_STORE: no such store")
	}
	store, err := open(ctx, s.SessionStore, now)
	if err != nil {
		return nil, fmt.Errorf("webapp cannot use its SESSION_STORE: %w", err)
	}
	return store, nil
}

// checkStore wants a known form, and a key that outlives the process where the
// store does. What else is wrong with the address is the store's to say when it
// is opened.
func (s *settings) checkStore(found *problems) {
	scheme, rest, _ := strings.Cut(s.SessionStore, ":")
	_, known := sessionStores()[scheme]
	switch {
	case !known:
		found.add("SESSION_STORE", "is not a store that this application knows",
			"Write it like sqlite:/var/lib/webapp/sessions.db or redis://localhost:6379; README.md lists all stores.")
		return
	case scheme == "memory" && rest != "":
		found.add("SESSION_STORE", "has something after memory:", "Write memory: alone.")
		return
	case scheme == "memory":
		return
	case rest == "" || rest == "//":
		found.add("SESSION_STORE", "names no place to keep sessions in",
			"Write it like sqlite:/var/lib/webapp/sessions.db or redis://localhost:6379, as README.md shows.")
	case servedStore(scheme) && !strings.HasPrefix(rest, "//"):
		found.add("SESSION_STORE", "is not a URL", "Write it like redis://localhost:6379 or postgres://user:password@host/database")
	}
	if s.SessionKey == "" {
		found.add("SESSION_KEY", "is missing, and this SESSION_STORE outlives the process",
			"Make one with: openssl rand -base64 32. Every instance needs the same.")
	}
}

// servedStore says whether scheme is a server's that a URL names.
func servedStore(scheme string) bool {
	return strings.HasPrefix(scheme, "redis") || strings.HasPrefix(scheme, "postgres")
}
