package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// requestsAtOnce is how many requests of a proxy's client are answered at once,
// and how many connections an address may have.
const requestsAtOnce = 512

// slowRequest is a request whose body takes its time.
type slowRequest struct {
	net.Conn
	answers *bufio.Reader
}

// slowRequest sends the header of a request, as client of a proxy, and waits
// until its handler asks for the body (RFC 9110, section 10.1.1): the request
// then counts.
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

// Behind a proxy, whose connections are everybody's, the requests of one client
// are bounded: one who never finishes his is told so, and nobody else waits. The
// proxy itself may have as many connections as it likes.
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
