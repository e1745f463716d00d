// Command screenshots takes the screenshots of the docs. It builds the application,
// runs it with -demo and opens its pages in headless Chromium.
//
//	go run ./internal/tools/screenshots -out docs/screenshots
//
// It needs Chromium in PATH or in the variable CHROMIUM. Times and identifiers in
// the pictures differ from run to run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"webapp/internal/test/browsertest"
)

func main() {
	out := flag.String("out", "docs/screenshots", "the directory to write to")
	flag.Parse()
	if err := run(context.Background(), *out); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string) (err error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "screenshots-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary, err := browsertest.Build(ctx, dir)
	if err != nil {
		return err
	}
	browser, err := browsertest.Launch(filepath.Join(dir, "chromium"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, browser.Close()) }()
	return inTest(dir, func(t browsertest.T) {
		app := browsertest.StartApp(t, browsertest.AppConfig{Binary: binary, Port: port, Args: []string{"-demo"}})
		for _, agent := range []string{oldMachine, phone} { // other sessions of the person
			tab := browser.Visitor(t).Tab()
			tab.Identify(agent)
			signIn(app, tab)
		}
		for _, a := range albums() {
			a.shoot(t, out, app, browser.Visitor(t).Tab())
		}
	})
}

// port is the application's default port, which the pictures show.
const port = 3000

// inTest runs f with a browsertest.T outside of a test. It returns the errors of f.
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

// harness implements browsertest.T for one goroutine.
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

// FailNow ends the goroutine, like testing.T.FailNow.
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
