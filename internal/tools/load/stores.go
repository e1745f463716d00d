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

// storeUnderTest is a store and its aim, a share of the bare handler's throughput.
type storeUnderTest struct {
	name string
	aim  float64
	open func(context.Context, *harness) (closableStore, error)
}

type closableStore interface {
	ports.SessionStore
	Close() error
}

func stores() []storeUnderTest {
	return []storeUnderTest{
		{"redis", 0.6, func(_ context.Context, h *harness) (closableStore, error) {
			url, err := h.start(func(t testing.TB) string { return "redis://" + servertest.StartRedis(t).Addr })
			if err != nil {
				return nil, err
			}
			return redis.Open(context.Background(), url, time.Now)
		}},
		{"postgres", 0.45, func(ctx context.Context, h *harness) (closableStore, error) {
			url, err := h.start(func(t testing.TB) string { return servertest.StartPostgreSQL(t).NewDatabase() })
			if err != nil {
				return nil, err
			}
			return postgres.Open(ctx, url, time.Now)
		}},
		{"sqlite", 0.6, func(ctx context.Context, h *harness) (closableStore, error) {
			dir, err := os.MkdirTemp("", "load-")
			if err != nil {
				return nil, err
			}
			h.Cleanup(func() { _ = os.RemoveAll(dir) })
			return sqlite.Open(ctx, filepath.Join(dir, "sessions.db"), time.Now)
		}},
	}
}

// measure compares a page that reads the session alone with a bare handler. The
// store has a new server or a new file.
func (s storeUnderTest) measure(ctx context.Context, o options, r *report) error {
	h := &harness{}
	defer h.stop()
	store, err := s.open(ctx, h)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	return withPages(ctx, store, func(app *application, people []string, bare barePages) error {
		loopback, err := overLoopback(ctx, o, app, "/logout", people, bare.signOut)
		if err == nil {
			r.add(loopback.row(s.name+": page that reads the session alone, over loopback", "bare handler", 1, atLeast(s.aim)))
		}
		return err
	})
}

// harness implements the methods of testing.TB that servertest uses, outside of a
// test.
type harness struct {
	testing.TB
	err      error
	cleanups []func()
}

// start returns the result of f, or the error with which f ended the test.
func (h *harness) start(f func(testing.TB) string) (result string, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		result = f(h)
	}()
	<-done
	return result, h.err
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
