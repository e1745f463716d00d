// Package browsertest tests the built binary with a real browser. It builds
// cmd/webapp, runs it in an empty directory and opens its pages in headless
// Chromium.
//
// It finds elements by role and accessible name, as a screen reader announces them,
// so pages must be accessible. An error that the browser reports (of a script, of
// the Content-Security-Policy, of a resource that does not load) fails the test.
//
// The variable CHROMIUM names the browser; by default it is found in PATH. Without
// Chromium, tests fail and are not skipped. The browser can reach loopback
// addresses only.
package browsertest

import (
	"fmt"
)

// T is the part of testing.TB that this package uses. It lets a command use the
// package too.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	FailNow()
	Failed() bool
	Logf(format string, args ...any)
	TempDir() string
}

// check ends the test if err is not nil. format describes the step.
func check(t T, err error, format string, args ...any) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", fmt.Sprintf(format, args...), err)
		t.FailNow()
	}
}
