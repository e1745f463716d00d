package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webapp/cmd/webapp/config"
	"webapp/internal/ports"
)

// sessionStore is a store that ends with the process.
type sessionStore interface {
	ports.SessionStore
	Close() error
}

// newStore opens the store that SESSION_STORE names. A server that is down is no
// error: the store heals, and /readyz says so meanwhile.
func newStore(ctx context.Context, c config.Config, now func() time.Time) (sessionStore, error) {
	adapter, known := sessionStores()[c.StoreScheme()]
	if !known {
		return nil, errors.New("webapp cannot use its SESSION_STORE: no such store")
	}
	store, err := adapter.open(ctx, c.SessionStore, now)
	if err != nil {
		return nil, fmt.Errorf("webapp cannot use its SESSION_STORE: %w", err)
	}
	return store, nil
}
