//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"webapp/internal/adapters/session/postgres"
	"webapp/internal/adapters/session/redis"
	"webapp/internal/adapters/session/sqlite"
	"webapp/internal/ports"
	"webapp/internal/test/servertest"
)

// openStore opens a store by name, on a new server or in a new file.
func openStore(ctx context.Context, name string) (store ports.SessionStore, stop func(), err error) {
	h := &harness{}
	var opened interface {
		ports.SessionStore
		Close() error
	}
	switch name {
	case "sqlite":
		var dir string
		if dir, err = os.MkdirTemp("", "load-"); err != nil {
			return nil, nil, err
		}
		h.Cleanup(func() { _ = os.RemoveAll(dir) })
		opened, err = sqlite.Open(ctx, filepath.Join(dir, "sessions.db"), time.Now)
	case "redis":
		addr := h.start(func(t testing.TB) string { return servertest.StartRedis(t).Addr })
		if err = h.err; err == nil {
			opened, err = redis.Open(context.Background(), "redis://"+addr, time.Now)
		}
	case "postgres":
		url := h.start(func(t testing.TB) string { return servertest.StartPostgreSQL(t).NewDatabase() })
		if err = h.err; err == nil {
			opened, err = postgres.Open(ctx, url, time.Now)
		}
	default:
		err = errors.New("no such store")
	}
	if err != nil {
		h.stop()
		return nil, nil, err
	}
	return opened, func() { _ = opened.Close(); h.stop() }, nil
}

// harness implements the methods of testing.TB that servertest uses, outside of a
// test.
type harness struct {
	testing.TB
	err      error
	cleanups []func()
}

// start returns the result of f, unless Fatalf ends it.
func (h *harness) start(f func(testing.TB) string) (result string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		result = f(h)
	}()
	<-done
	return result
}

// Helper does nothing.
func (h *harness) Helper() {}

// Cleanup registers f for stop.
func (h *harness) Cleanup(f func()) { h.cleanups = append(h.cleanups, f) }

// Fatalf records the error and ends the goroutine.
func (h *harness) Fatalf(format string, args ...any) {
	h.err = errors.Join(h.err, fmt.Errorf(format, args...))
	runtime.Goexit()
}

func (h *harness) stop() {
	for i := len(h.cleanups) - 1; i >= 0; i-- {
		h.cleanups[i]()
	}
}
