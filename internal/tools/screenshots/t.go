package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"webapp/internal/test/browsertest"
)

// inTest runs f with what browsertest asks for outside of a test, and returns
// an error when f has failed.
func inTest(dir string, f func(browsertest.T)) error {
	t := &harness{dir: dir}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer t.cleanup()
		f(t)
	}()
	<-done
	return errors.Join(t.errs...)
}

// harness implements browsertest.T for use by one goroutine.
type harness struct {
	dir      string
	errs     []error
	cleanups []func()
}

func (t *harness) Helper()          {}
func (t *harness) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }
func (t *harness) Failed() bool     { return len(t.errs) > 0 }

func (t *harness) Errorf(format string, args ...any) {
	t.errs = append(t.errs, fmt.Errorf(format, args...))
}

// FailNow ends the goroutine, as that of testing.T does; deferred cleanups run.
func (t *harness) FailNow() {
	if !t.Failed() {
		t.Errorf("failed")
	}
	runtime.Goexit()
}

func (t *harness) Logf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func (t *harness) TempDir() string {
	dir, err := os.MkdirTemp(t.dir, "work-")
	if err != nil {
		t.Errorf("%v", err)
		t.FailNow()
	}
	return dir
}

func (t *harness) cleanup() {
	for i := len(t.cleanups) - 1; i >= 0; i-- {
		t.cleanups[i]()
	}
}
