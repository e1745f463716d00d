// Package portstest contains the contract suites of the ports, and fakes of the ports
// for tests of the code that uses them.
//
// The author of an adapter writes one test that calls the suite of its port with a
// function that returns a harness:
//
//	IdentityProvider    ProviderHarness   an identity provider
//	SessionStore        StoreHarness      a session store; also run SessionStoreModel
//	PendingSignIns, Sessions, SessionTokens, SessionDirectory, OneTimeIDs
//	                    SessionHarness    a session manager
//
// A suite is an ordered list of named tests. It calls the function once for each test,
// so that every test gets a new harness. Tests of an optional ability, or of a harness
// field that is nil, pass without doing anything.
package portstest

import "testing"

// named is one test of a suite. H is the type of its harness.
type named[H any] struct {
	name string
	run  func(*testing.T, H)
}

// runAll runs the tests in order, each with a new harness.
func runAll[H any](t *testing.T, newHarness func(*testing.T) H, groups ...[]named[H]) {
	t.Helper()
	for _, tests := range groups {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) { test.run(t, newHarness(t)) })
		}
	}
}
