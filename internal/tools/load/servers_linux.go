package main

import (
	"errors"
	"fmt"
	"runtime"
	"testing"

	"webapp/internal/test/servertest"
)

// startRedis starts a Redis and returns its URL.
func startRedis() (url string, stop func(), err error) {
	return start(func(t testing.TB) string { return "redis://" + servertest.StartRedis(t).Addr })
}

// startPostgres starts a PostgreSQL and returns the URL of an empty database.
func startPostgres() (url string, stop func(), err error) {
	return start(func(t testing.TB) string { return servertest.StartPostgreSQL(t).NewDatabase() })
}

// start runs f with a testing.TB outside of a test.
func start(f func(testing.TB) string) (url string, stop func(), err error) {
	h := &harness{}
	done := make(chan struct{})
	go func() { // Fatalf ends it
		defer close(done)
		url = f(h)
	}()
	<-done
	if h.err != nil {
		h.stop()
		return "", nil, h.err
	}
	return url, h.stop, nil
}

// harness implements the methods of testing.TB that servertest uses.
type harness struct {
	testing.TB
	err      error
	cleanups []func()
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
