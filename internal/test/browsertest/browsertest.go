// Package browsertest drives the built binary from outside, as a person with a
// browser does: it builds cmd/webapp, runs it in an empty directory, and opens
// its pages in headless Chromium.
//
// Elements are found by their role and accessible name, the way a screen reader
// announces them, so that a page that cannot be used that way fails. A browser
// complaint (a script error, a violated Content-Security-Policy, a resource
// that did not load) fails the test that caused it.
//
// Chromium is taken from the variable CHROMIUM or from PATH. Where it is
// missing, a test fails: nothing is skipped. The browser can reach loopback
// addresses and nothing else.
package browsertest

import (
	"fmt"
)

// T is the part of testing.TB that this package needs, so that a command can
// use it as well as a test.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	FailNow()
	Failed() bool
	Logf(format string, args ...any)
	TempDir() string
}

// check ends the test when err is not nil, saying what was being done.
func check(t T, err error, format string, args ...any) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", fmt.Sprintf(format, args...), err)
		t.FailNow()
	}
}
