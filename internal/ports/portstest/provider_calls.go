package portstest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// callTests check the limits that the port sets for every request to the provider. An
// adapter in memory makes none.
func callTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Calls/each has a time limit", callsLimited},
		{"Calls/no answer in time", callsSilent},
		{"Calls/an answer without end is not read to the end", callsBounded},
		{"Calls/no redirect is followed", callsRedirected},
		{"Calls/a code is sent once, whatever comes back", callsOnce},
	}
}

// eachCall makes one sign-in fail at its first request, the next one at its second
// request, and so on. It calls check for each sign-in with its error, its code and the
// requests that the adapter made. The error is nil if the adapter does not need the
// request that failed.
func (h *providerTest) eachCall(t *testing.T, f fault, check func(err error, code string, calls []call)) {
	t.Helper()
	if h.InMemory {
		return
	}
	wholeSignIn(t, h, h.Scopes...)
	all := len(h.network.made())
	require.NotZero(t, all, "the adapter does not use the transport that New is given")
	for spared := range all {
		failing := h.again(t)
		failing.network.misbehaveAfter(f, spared)
		a, err := failing.Provider.Begin(t.Context(), ports.AuthorizationRequest{State: suiteState, Scopes: h.Scopes})
		var cb ports.Callback
		if err == nil {
			cb = failing.Approve(t, a.URL)
			_, err = failing.Provider.Complete(t.Context(), cb, a.Secret)
		}
		check(err, cb.Code, failing.network.made())
	}
}

func callsLimited(t *testing.T, h *providerTest) {
	if h.InMemory {
		return
	}
	in := wholeSignIn(t, h, h.Scopes...)
	if refresher, ok := h.Provider.(ports.TokenRefresher); ok {
		_, err := refresher.Refresh(t.Context(), refreshRequest(h, in))
		require.NoError(t, err)
	}
	if lookup, ok := h.Provider.(ports.GroupLookup); ok && h.Groups != nil {
		_, token := h.Groups(t)
		_, err := lookup.MemberGroups(t.Context(), token)
		require.NoError(t, err)
	}
	for _, one := range h.network.made() {
		assert.True(t, one.limited, "the context of a call to %s has no deadline within %v", one.host, longestCall)
	}
}

func callsSilent(t *testing.T, h *providerTest) {
	h.eachCall(t, silent, func(err error, _ string, _ []call) {
		if err != nil {
			assert.ErrorIs(t, err, ports.ErrProviderUnavailable)
		}
	})
}

func callsBounded(t *testing.T, h *providerTest) {
	h.eachCall(t, endless, func(err error, _ string, calls []call) {
		assertUnusable(t, err)
		for _, one := range calls {
			assert.Less(t, one.read, endlessBytes, "an answer of %s was read without limit", one.host)
		}
	})
}

func callsRedirected(t *testing.T, h *providerTest) {
	h.eachCall(t, redirecting, func(err error, _ string, calls []call) {
		assertUnusable(t, err)
		for _, one := range calls {
			assert.NotEqual(t, elsewhere, one.host, "a redirect was followed")
		}
	})
}

// assertUnusable asserts that err is nil or one of the two errors for an unusable
// response.
func assertUnusable(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		assert.True(t, errors.Is(err, ports.ErrProviderUnavailable) || errors.Is(err, ports.ErrTokenRefused), "%v", err)
	}
}

func callsOnce(t *testing.T, h *providerTest) {
	for _, f := range []fault{never, silent, lost, failing, endless, redirecting} {
		h.again(t).eachCall(t, f, func(_ error, code string, calls []call) {
			times := 0
			for _, one := range calls {
				if code != "" && one.carries(code) {
					times++
				}
			}
			assert.LessOrEqual(t, times, 1, "the code was sent more than once")
		})
	}
}

func outageTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Outage/at the first sign-in, and after it", outageAtStart},
		{"Outage/while the person is at the provider", outageAtCallback},
		{"Outage/a caller that has gone waits no more", outageGone},
	}
}

func outageAtStart(t *testing.T, h *providerTest) {
	h.Down(true)
	_, err := h.Provider.Begin(t.Context(), ports.AuthorizationRequest{State: suiteState})
	if !h.BeginsAlone {
		require.ErrorIs(t, err, ports.ErrProviderUnavailable, "set BeginsAlone if Begin makes no request")
	}
	h.Down(false)
	h.Advance(recovery)
	wholeSignIn(t, h)
}

func outageAtCallback(t *testing.T, h *providerTest) {
	a := beginSignIn(t, h)
	cb := h.Approve(t, a.URL)
	h.Down(true)
	err := refusedBy(t, h, cb, a.Secret)
	assert.ErrorIs(t, err, ports.ErrProviderUnavailable)
	assert.NotErrorIs(t, err, ports.ErrTokenRefused)
	h.Down(false)
	h.Advance(recovery)
	wholeSignIn(t, h)
}

func outageGone(t *testing.T, h *providerTest) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	a := beginSignIn(t, h)
	_, err := h.Provider.Complete(gone, h.Approve(t, a.URL), a.Secret)
	assert.ErrorIs(t, err, ports.ErrProviderUnavailable)
}
