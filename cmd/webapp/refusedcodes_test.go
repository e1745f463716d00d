package main

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// refusedCodesAMinute is how many codes of one customer the provider may refuse
// in a minute.
const refusedCodesAMinute = 60

// brings sends a callback of a new sign-in, from a client of a proxy: with the
// code given, or with a genuine one.
func (w *world) brings(code, client string) (b *browser, answer fakeidp.AuthResponse, send func() reply) {
	w.t.Helper()
	b = w.browser()
	location := b.get("/login", "X-Forwarded-For", client).Header.Get("Location")
	answer = b.approve(location, fakeidp.UserMember)
	if code != "" {
		answer.Values.Set("code", code)
	}
	return b, answer, func() reply { return b.get(answer.URL(), "X-Forwarded-For", client) }
}

func TestRefusedCodesAreBoundedForEachCustomer(t *testing.T) {
	for name, client := range map[string]func(i int) string{
		"an address": func(int) string { return "198.51.100.7" },
		"a /56":      func(i int) string { return fmt.Sprintf("2001:db8:0:%x::1", i%256) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, everyProxy())
			for i := range refusedCodesAMinute {
				_, _, send := w.brings("junk", client(i))
				require.Equal(t, http.StatusForbidden, send().StatusCode, i)
			}
			b, _, send := w.brings("", client(7))
			r := send()
			assert.Equal(t, http.StatusTooManyRequests, r.StatusCode)
			assert.Contains(t, r.body, "<h1>Too many failed sign-ins</h1>")
			seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
			require.NoError(t, err)
			assert.Equal(t, refusedCodesAMinute, w.idp.Requests(fakeidp.EndpointToken), "no more codes are posted")

			// One of two others may share the budget by chance.
			_, _, one := w.brings("", "203.0.113.1")
			_, _, other := w.brings("", "203.0.113.2")
			assert.True(t, one().StatusCode == http.StatusSeeOther || other().StatusCode == http.StatusSeeOther, "others sign in")

			w.clock.advance(time.Duration(seconds) * time.Second)
			assert.Equal(t, http.StatusSeeOther, send().StatusCode, "the state was not spent")
			assert.True(t, b.signedIn())
		})
	}
}

// A firewall in front of the provider refuses some codes by a page of its own.
// Codes that no provider makes are not posted at all, because some fail on them.
func TestCodesThatTheProviderCannotReadAreBounded(t *testing.T) {
	w := newWorld(t, everyProxy())
	for _, code := range []string{"a\x00b", "a\nb", "\xff", "caf\u00e9"} {
		_, _, send := w.brings(code, "198.51.100.7")
		assert.Equal(t, http.StatusBadRequest, send().StatusCode)
	}
	assert.Zero(t, w.idp.Requests(fakeidp.EndpointToken))

	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Status: http.StatusForbidden, Body: "<html>", ContentType: "text/html"})
	for i := range refusedCodesAMinute {
		_, _, send := w.brings("<script>", "198.51.100.7")
		require.Equal(t, http.StatusServiceUnavailable, send().StatusCode, i)
	}
	_, _, send := w.brings("<script>", "198.51.100.7")
	assert.Equal(t, http.StatusTooManyRequests, send().StatusCode)
	assert.Equal(t, refusedCodesAMinute, w.idp.Requests(fakeidp.EndpointToken))
}

// An outage, and a secret that is wrong, block nobody afterwards.
func TestFailuresOfTheProviderAreNoRefusedCodes(t *testing.T) {
	for name, fault := range map[string]fakeidp.Fault{
		"outage":       {Status: http.StatusServiceUnavailable},
		"lost":         {Status: http.StatusNotFound, Body: "<html>", ContentType: "text/html"},
		"error":        {Error: &fakeidp.Error{Code: "temporarily_unavailable"}},
		"wrong secret": {Error: &fakeidp.Error{Code: "invalid_client", Number: 7000215}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, everyProxy())
			w.idp.Fail(fakeidp.EndpointToken, fault)
			for range refusedCodesAMinute + 5 {
				_, _, send := w.brings("", "198.51.100.7")
				require.NotEqual(t, http.StatusTooManyRequests, send().StatusCode)
			}
			w.idp.Heal()
			_, _, send := w.brings("", "198.51.100.7")
			assert.Equal(t, http.StatusSeeOther, send().StatusCode)
		})
	}
}
