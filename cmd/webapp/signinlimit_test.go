package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// signInsAMinute is the limit of sign-ins of one address in a minute.
const signInsAMinute = 3000

// everyProxy trusts this machine as a proxy, so that a test can send requests of any
// client.
func everyProxy() map[string]string {
	return map[string]string{"TRUSTED_PROXIES": "127.0.0.0/8,::1/128", "LOG_LEVEL": "error"}
}

// beginsFrom returns a function that begins a sign-in of this client in a new browser.
func (w *world) beginsFrom(client string) func() reply {
	transport := &http.Transport{TLSClientConfig: w.tls}
	w.t.Cleanup(transport.CloseIdleConnections)
	b := &browser{w: w, client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	return func() reply { return b.get("/login?return_to=/sessions", "X-Forwarded-For", client) }
}

// begins reports whether a sign-in begins from at least one of two addresses. One of
// them can share a bucket with another address by chance.
func (w *world) begins(one, other string) bool {
	first, second := w.beginsFrom(one)().StatusCode, w.beginsFrom(other)().StatusCode
	return first == http.StatusSeeOther || second == http.StatusSeeOther
}

// exhaust begins all allowed sign-ins.
func (w *world) exhaust(headers ...string) {
	w.t.Helper()
	for i := range signInsAMinute {
		require.Equal(w.t, http.StatusSeeOther, w.beginLocally(headers...), "sign-in %d", i)
	}
}

// beginLocally begins a sign-in as a client at 127.0.0.1, without the cost of a
// connection, and returns the status.
func (w *world) beginLocally(headers ...string) int {
	r := httptest.NewRequest(http.MethodGet, "/login?return_to=/sessions", nil)
	r.RemoteAddr = "127.0.0.1:50000"
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.app.handler.ServeHTTP(recorder, r)
	return recorder.Code
}

func TestSignInsBegunAreBoundedForEachAddress(t *testing.T) {
	w := newWorld(t, everyProxy())
	begin := w.beginsFrom("198.51.100.7")
	w.exhaust("X-Forwarded-For", "198.51.100.7")
	w.store.Calls()

	r := begin()
	assert.Equal(t, http.StatusTooManyRequests, r.StatusCode)
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	require.NoError(t, err)
	assert.Positive(t, seconds)
	assert.Empty(t, r.Cookies(), "no sign-in is pending")
	assert.Contains(t, r.body, "Too many sign-ins at once")
	assert.Contains(t, r.body, `href="/login?return_to=%2Fsessions"`)
	assert.Empty(t, w.store.Calls())

	assert.True(t, w.begins("198.51.100.8", "198.51.100.9"), "another address has its own")
	w.clock.Advance(time.Duration(seconds) * time.Second)
	assert.Equal(t, http.StatusSeeOther, begin().StatusCode, "after as long as it was told to wait")
}

func TestTooManySignInsAreSaidInTheReadersLanguage(t *testing.T) {
	w := newWorld(t, everyProxy())
	w.exhaust("X-Forwarded-For", "198.51.100.7")
	for language, heading := range map[string]string{"en": "Too many sign-ins at once", "de": "Zu viele Anmeldungen auf einmal", "zh-Hans": "同时进行的登录过多"} {
		r := w.browser().get("/login", "X-Forwarded-For", "198.51.100.7", "Accept-Language", language)
		assert.Equal(t, http.StatusTooManyRequests, r.StatusCode)
		assert.Contains(t, r.body, "<h1>"+heading+"</h1>")
	}
	r := w.browser().get("/login", "X-Forwarded-For", "198.51.100.7", "Accept", "application/json")
	assert.Equal(t, http.StatusTooManyRequests, r.StatusCode)
	assert.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
	assert.NotEmpty(t, r.Header.Get("Retry-After"))
	var problem struct{ Status int }
	require.NoError(t, json.Unmarshal([]byte(r.body), &problem))
	assert.Equal(t, http.StatusTooManyRequests, problem.Status)
	assert.Equal(t, http.StatusOK, w.browser().get("/", "X-Forwarded-For", "198.51.100.7").StatusCode, "other pages are there")
}

// One person can sign in sixty times a minute, and three thousand people of a company
// at one address can sign in.
func TestSixtySignInsAMinuteAreFine(t *testing.T) {
	w := newWorld(t, everyProxy())
	begin := w.beginsFrom("198.51.100.7")
	for range 5 {
		for range 60 {
			require.Equal(t, http.StatusSeeOther, begin().StatusCode)
			w.clock.Advance(time.Second)
		}
	}
	w.exhaust("X-Forwarded-For", "198.51.100.7")
}

func TestANetworkOfIPv6BeginsSignInsAsOne(t *testing.T) {
	w := newWorld(t, everyProxy())
	w.exhaust("X-Forwarded-For", "2001:db8:1:1::1")
	assert.Equal(t, http.StatusTooManyRequests, w.beginsFrom("2001:db8:1:ff:abcd:ef01:2345:6789")().StatusCode, "the same /56")
	assert.True(t, w.begins("2001:db8:1:200::1", "2001:db8:1:300::1"))
}

// A client cannot change its address with X-Forwarded-For: without proxies, from a peer
// that is not a proxy, and behind the proxy only what the proxy has added counts.
func TestAForgedAddressIsNoWayAroundTheBound(t *testing.T) {
	for name, c := range map[string]struct {
		proxies string
		forge   func(i int) []string
	}{
		"no proxies": {"", func(i int) []string {
			return []string{"X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i%250), "X-Real-Ip", fmt.Sprintf("203.0.113.%d", i%250),
				"True-Client-Ip", fmt.Sprintf("203.0.113.%d", i%250), "Forwarded", fmt.Sprintf("for=203.0.113.%d", i%250)}
		}},
		"not the proxy": {"192.0.2.0/24", func(i int) []string { return []string{"X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i%250)} }},
		"through the proxy": {"127.0.0.0/8,::1/128", func(i int) []string {
			return []string{"X-Forwarded-For", fmt.Sprintf("203.0.113.%d, 198.51.100.7", i%250), "X-Real-Ip", fmt.Sprintf("203.0.113.%d", i%250)}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"TRUSTED_PROXIES": c.proxies, "LOG_LEVEL": "error"})
			b := w.browser()
			for i := range signInsAMinute {
				require.Equal(t, http.StatusSeeOther, w.beginLocally(c.forge(i)...))
			}
			assert.Equal(t, http.StatusTooManyRequests, b.get("/login", c.forge(0)...).StatusCode)
			assert.Equal(t, http.StatusTooManyRequests, b.get("/login", c.forge(1)...).StatusCode)
		})
	}
}

// The limit of one client also applies behind a gateway that writes ports, and with
// IPv4 ranges that are written as IPv6.
func TestAClientBehindAGatewayThatWritesPortsHasItsOwnBound(t *testing.T) {
	w := newWorld(t, map[string]string{"TRUSTED_PROXIES": "::ffff:127.0.0.0/104,::1/128", "LOG_LEVEL": "error"})
	w.exhaust("X-Forwarded-For", "198.51.100.7:50001")
	assert.Equal(t, http.StatusTooManyRequests, w.beginsFrom("198.51.100.7:50002")().StatusCode)
	assert.True(t, w.begins("198.51.100.8:50001", "198.51.100.9:50001"))
	assert.True(t, w.begins("[2001:db8:1:1::1]:50001", "[2001:db8:2:1::1]:50001"))
}

// refusedCodesAMinute is the limit of refused codes of one address in a minute.
const refusedCodesAMinute = 60

// brings sends a callback of a new sign-in from a client of a proxy, with this code or,
// if it is empty, a genuine one.
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

			// One of the two can share the bucket by chance.
			_, _, one := w.brings("", "203.0.113.1")
			_, _, other := w.brings("", "203.0.113.2")
			assert.True(t, one().StatusCode == http.StatusSeeOther || other().StatusCode == http.StatusSeeOther, "others sign in")

			w.clock.Advance(time.Duration(seconds) * time.Second)
			assert.Equal(t, http.StatusSeeOther, send().StatusCode, "the state was not spent")
			assert.True(t, b.signedIn())
		})
	}
}

// A firewall in front of the provider refuses some codes with its own page. Malformed
// codes are not sent, because some providers fail on them.
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

// An outage and a wrong client secret do not count as refused codes.
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
