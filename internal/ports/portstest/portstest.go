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

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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

// requireOneSucceeds calls call(0) to call(7) at the same time. It requires that one call
// succeeds and that all others return lost.
func requireOneSucceeds(t *testing.T, lost error, call func(i int) error) {
	t.Helper()
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			err := call(i)
			if err == nil {
				won.Add(1)
				return
			}
			assert.ErrorIs(t, err, lost)
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, won.Load(), "the number of calls that succeeded")
}

// inTwin calls f in a request of a copy of b.
func inTwin(t *testing.T, b Browser, f func(ctx context.Context) error) (err error) {
	b.Clone().Do(t.Context(), func(ctx context.Context) { err = f(ctx) })
	return err
}
