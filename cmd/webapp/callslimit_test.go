package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/providerhttp"
	"webapp/internal/test/apptest"
)

// While the provider or the API hangs, at most the allowed number of calls run, and
// other pages respond. Afterwards everybody is served.
func TestCallsOfOneWhoHangsAreBounded(t *testing.T) {
	const people = providerhttp.MaxCalls + 12
	for endpoint, prepare := range map[fakeidp.Endpoint]func(w *world, user string) func() reply{
		fakeidp.EndpointMe: func(w *world, user string) func() reply {
			apptest.NeedsPage(w.t, "/call_api")
			b := w.browser()
			b.mustSignIn(user)
			return func() reply { return b.get("/call_api") }
		},
		fakeidp.EndpointToken: func(w *world, user string) func() reply {
			b := w.browser()
			answer := b.approve(b.begin("/login"), user)
			return func() reply { return b.callback(answer) }
		},
	} {
		t.Run(string(endpoint), func(t *testing.T) {
			w := newWorld(t, nil)
			var asks []func() reply
			users := []string{fakeidp.UserMember, fakeidp.UserAdmin} // one has a hundred sessions at most
			for i := range people {
				asks = append(asks, prepare(w, users[i%len(users)]))
			}
			other := w.browser()
			other.mustSignIn(fakeidp.UserAdmin)
			before := w.idp.Requests(endpoint)
			w.idp.Fail(endpoint, fakeidp.Fault{Hang: true})

			statuses := make(chan int, people)
			var all sync.WaitGroup
			for _, ask := range asks {
				all.Go(func() { statuses <- ask().StatusCode })
			}
			under := func() int { return w.idp.Requests(endpoint) - before }
			require.Eventually(t, func() bool { return under() == providerhttp.MaxCalls }, 10*time.Second, 5*time.Millisecond)
			assert.True(t, other.signedIn())
			assert.Equal(t, http.StatusOK, other.get("/sessions").StatusCode)
			assert.Equal(t, http.StatusSeeOther, w.browser().get("/login").StatusCode)
			assert.Equal(t, providerhttp.MaxCalls, under())

			w.idp.Heal()
			all.Wait()
			close(statuses)
			for status := range statuses {
				assert.Less(t, status, 400)
			}
		})
	}
}

// One limit applies to all hosts of the provider. It counts calls, because one
// connection of HTTP/2 carries many.
func TestCallsOfTheProviderAreBoundedInAll(t *testing.T) {
	var under atomic.Int64
	released := make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	hanging := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		under.Add(1)
		<-released
	})
	signIn, directory := httptest.NewServer(hanging), httptest.NewServer(hanging)
	t.Cleanup(signIn.Close)
	t.Cleanup(directory.Close)
	client := &http.Client{Transport: telemetry{}.providerTransport(nil)}
	t.Cleanup(client.CloseIdleConnections)
	t.Cleanup(release)
	var all sync.WaitGroup
	for i := range providerhttp.MaxCalls/2 + 6 {
		for _, host := range []string{signIn.URL, directory.URL} {
			all.Go(func() {
				res, err := client.Get(host)
				if assert.NoError(t, err, i) {
					_ = res.Body.Close()
				}
			})
		}
	}
	require.Eventually(t, func() bool { return under.Load() == providerhttp.MaxCalls }, 10*time.Second, 5*time.Millisecond)
	require.Never(t, func() bool { return under.Load() > providerhttp.MaxCalls }, 100*time.Millisecond, 10*time.Millisecond)
	release()
	all.Wait()
	assert.EqualValues(t, providerhttp.MaxCalls+12, under.Load(), "everybody had a turn")
}

// Pushed requests have a limit of their own, and connections too.
func TestPushesHaveConnectionsOfTheirOwn(t *testing.T) {
	var under atomic.Int64
	released := make(chan struct{})
	release := sync.OnceFunc(func() { close(released) })
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		under.Add(1)
		<-released
	}))
	t.Cleanup(hanging.Close)
	client := &http.Client{Transport: telemetry{}.providerTransport(nil)}
	t.Cleanup(client.CloseIdleConnections)
	t.Cleanup(release)
	var all sync.WaitGroup
	send := func(endpoint string, n int) {
		for range n {
			all.Go(func() {
				r, err := http.NewRequestWithContext(providerhttp.WithEndpoint(t.Context(), endpoint), http.MethodPost, hanging.URL, nil)
				if !assert.NoError(t, err) {
					return
				}
				if res, err := client.Do(r); assert.NoError(t, err) {
					_ = res.Body.Close()
				}
			})
		}
	}
	send(providerhttp.EndpointPushed, providerhttp.MaxPushes+6)
	require.Eventually(t, func() bool { return under.Load() == providerhttp.MaxPushes }, 10*time.Second, 5*time.Millisecond)
	send(providerhttp.EndpointToken, providerhttp.MaxCalls+6)
	require.Eventually(t, func() bool { return under.Load() == providerhttp.MaxPushes+providerhttp.MaxCalls }, 4*time.Second, 5*time.Millisecond)
	release()
	all.Wait()
}

// While the provider's metadata hang, a limited number of sign-ins wait for them. The
// others fail at once, and signed-in people notice nothing.
func TestSignInsThatWaitForMetadataAreBounded(t *testing.T) {
	const waiting, more = 128, 40
	w := newWorld(t, map[string]string{"SESSION_KEY": someKey})
	other := w.browser()
	other.mustSignIn(fakeidp.UserAdmin)
	w.restart()
	w.idp.Fail(fakeidp.EndpointMetadata, fakeidp.Fault{Hang: true})
	answers := make(chan reply, waiting+more)
	for range waiting + more {
		b := w.browser()
		go func() { answers <- b.get("/login") }()
	}
	for range more {
		r := <-answers // those who wait do not come back
		assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
		assert.NotEmpty(t, r.Header.Get("Retry-After"))
	}
	assert.Empty(t, answers)
	assert.Equal(t, http.StatusOK, w.browser().get("/healthz").StatusCode)
	assert.True(t, other.signedIn())
	assert.Equal(t, http.StatusOK, other.get("/sessions").StatusCode)
	w.idp.Heal()
	for range waiting {
		assert.Equal(t, http.StatusSeeOther, (<-answers).StatusCode)
	}
}

// requestsAtOnce is the limit of concurrent requests of a proxy's client, and of
// connections of one address.
const requestsAtOnce = 512

// slowRequest is a request whose body arrives slowly.
type slowRequest struct {
	net.Conn
	answers *bufio.Reader
}

// slowRequest sends the header of a request of a proxy's client, and waits until the
// handler asks for the body (RFC 9110, section 10.1.1). From then on the request
// counts.
func (w *world) slowRequest(client string) slowRequest {
	w.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST /backchannel-logout HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: %s\r\nContent-Type: %s\r\nContent-Length: 16\r\nExpect: 100-continue\r\n\r\n", client, plainForm)
	require.NoError(w.t, err)
	slow := slowRequest{conn, bufio.NewReader(conn)}
	res, err := http.ReadResponse(slow.answers, nil)
	require.NoError(w.t, err)
	require.Equal(w.t, http.StatusContinue, res.StatusCode)
	return slow
}

// Behind a proxy, the concurrent requests of one client are limited: a client with too
// many unfinished requests gets an error, and other clients do not wait. The
// connections of the proxy itself are not limited.
func TestRequestsOfAProxysClientAreBounded(t *testing.T) {
	w := newWorld(t, everyProxy())
	const greedy, modest = "198.51.100.7", "198.51.100.8"
	var slow []slowRequest
	for range requestsAtOnce {
		slow = append(slow, w.slowRequest(greedy))
	}
	b := w.browser()
	r := b.get("/", "X-Forwarded-For", greedy)
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.NotEmpty(t, r.Header.Get("Retry-After"))
	assert.Contains(t, r.body, "Too many requests from your network address are waiting for a response.")
	assert.Contains(t, r.Header.Get("Content-Security-Policy"), "default-src 'none'")
	r = b.get("/", "X-Forwarded-For", greedy, "Accept", "application/json")
	var problem struct{ Status int }
	require.NoError(t, json.Unmarshal([]byte(r.body), &problem))
	assert.Equal(t, http.StatusServiceUnavailable, problem.Status)
	assert.Equal(t, http.StatusServiceUnavailable, b.get("/", "X-Forwarded-For", modest+", "+greedy).StatusCode, "a forged hop is no other client")
	assert.Equal(t, http.StatusOK, b.get("/", "X-Forwarded-For", modest).StatusCode)
	assert.Equal(t, http.StatusOK, b.get("/", "X-Forwarded-For", greedy+", "+modest).StatusCode, "nor can somebody else be locked out by one")

	for _, one := range slow {
		_, err := one.Write([]byte("logout_token=x.y"))
		require.NoError(t, err)
		res, err := http.ReadResponse(one.answers, nil)
		require.NoError(t, err, "what was begun is answered")
		assert.Equal(t, http.StatusBadRequest, res.StatusCode)
		require.NoError(t, res.Body.Close())
	}
	require.Eventually(t, func() bool { return b.get("/", "X-Forwarded-For", greedy).StatusCode == http.StatusOK }, 10*time.Second, 10*time.Millisecond)
}
