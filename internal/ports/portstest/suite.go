package portstest

import "testing"

// named is one test of a suite. H is the harness that the test needs.
type named[H any] struct {
	name string
	run  func(*testing.T, H)
}

// runAll runs the tests in their order, each with a harness of its own.
func runAll[H any](t *testing.T, newHarness func(*testing.T) H, groups ...[]named[H]) {
	t.Helper()
	for _, tests := range groups {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) { test.run(t, newHarness(t)) })
		}
	}
}
