package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"webapp/internal/adapters/session/memory"
	"webapp/internal/adapters/session/postgres"
	"webapp/internal/adapters/session/redis"
	"webapp/internal/adapters/session/sqlite"
	"webapp/internal/ports"
)

// openStore opens a store by name. It starts a server if the store needs one and no
// URL was given.
func openStore(ctx context.Context, o options, name string) (*givenStore, error) {
	switch name {
	case "memory":
		store := memory.New(time.Now)
		return &givenStore{SessionStore: store, closed: func() { _ = store.Close() }}, nil
	case "sqlite":
		return openSQLite(ctx)
	case "redis":
		return openOnServer(o.redis, startRedis, func(url string) (closable, error) { return redis.Open(context.Background(), url, time.Now) })
	case "postgres":
		return openOnServer(o.postgres, startPostgres, func(url string) (closable, error) {
			return postgres.Open(ctx, url, time.Now)
		})
	}
	return nil, fmt.Errorf("-stores: there is no store %q", name)
}

// closable is a store that can be closed.
type closable interface {
	ports.SessionStore
	Close() error
}

func openSQLite(ctx context.Context) (*givenStore, error) {
	dir, err := os.MkdirTemp("", "load-")
	if err != nil {
		return nil, err
	}
	store, err := sqlite.Open(ctx, filepath.Join(dir, "sessions.db"), time.Now)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return &givenStore{SessionStore: store, closed: func() { _ = store.Close(); _ = os.RemoveAll(dir) }}, nil
}

// openOnServer opens the store at url, or on a new server.
func openOnServer(url string, start func() (string, func(), error), open func(string) (closable, error)) (*givenStore, error) {
	stop := func() {}
	if url == "" {
		var err error
		if url, stop, err = start(); err != nil {
			return nil, err
		}
	}
	store, err := open(url)
	if err != nil {
		stop()
		return nil, err
	}
	return &givenStore{SessionStore: store, closed: func() { _ = store.Close(); stop() }}, nil
}

// givenStore is an open store. Closing it removes the records that were added.
type givenStore struct {
	ports.SessionStore
	keys   []string
	closed func()
}

// Create records the key.
func (g *givenStore) Create(ctx context.Context, r ports.Record) (ports.Version, error) {
	g.keys = append(g.keys, r.Key)
	return g.SessionStore.Create(ctx, r)
}

func (g *givenStore) close() {
	for _, key := range g.keys {
		_ = g.Delete(context.Background(), key, ports.AnyVersion)
	}
	g.closed()
}
