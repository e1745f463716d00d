package browsertest

import "fmt"

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
