package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/http/server"
)

// roomForIdle is the largest memory of an idle connection in bytes, without the stack
// of its goroutine.
const roomForIdle = 16 << 10

// heldByAttacker is how many connections the attacker keeps open. The server has closed
// the oldest ones before. The attacker's process needs file descriptors too.
const heldByAttacker = 6000

// publicServer serves the application of a world as the program does, and counts its
// connections.
type publicServer struct {
	t       *testing.T
	address string
	open    atomic.Int64
}

func (w *world) public() *publicServer {
	w.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	p := &publicServer{t: w.t, address: listener.Addr().String()}
	srv := server.New(w.app.handler, slog.New(slog.DiscardHandler), w.s.Proxies...)
	bound := srv.ConnState
	srv.ConnState = func(conn net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			p.open.Add(1)
		case http.StateClosed:
			p.open.Add(-1)
		}
		if bound != nil {
			bound(conn, state)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, srv, listener) }()
	w.t.Cleanup(func() { stop(); assert.NoError(w.t, <-served) })
	return p
}

// dialFrom connects from this loopback address.
func (p *publicServer) dialFrom(ctx context.Context, from string) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return d.DialContext(ctx, "tcp", p.address)
}

// person returns a visitor with one kept connection.
func (p *publicServer) person(from string) *visitor {
	transport := &http.Transport{MaxConnsPerHost: 1, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return p.dialFrom(ctx, from)
	}}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &visitor{p, &http.Client{Transport: transport, Timeout: 10 * time.Second}}
}

type visitor struct {
	p      *publicServer
	client *http.Client
}

// visit requests the home page. It reports whether the kept connection served it.
func (v *visitor) visit() (kept bool) {
	v.p.t.Helper()
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { kept = info.Reused }}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(v.p.t.Context(), trace), http.MethodGet, "http://"+v.p.address+"/", nil)
	require.NoError(v.p.t, err)
	res, err := v.client.Do(req)
	require.NoError(v.p.t, err)
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(v.p.t, err)
	require.Equal(v.p.t, http.StatusOK, res.StatusCode)
	return kept
}

// unfinished are the requests of idle connections: none, one that stops in its header,
// and one that stops in its body.
var unfinished = []string{"", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
	"POST /backchannel-logout HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + plainForm + "\r\nContent-Length: 1000\r\n\r\nlogout_token="}

// pileUp opens crowd connections, each with one of the unfinished requests. from returns
// the address of each connection. pileUp calls meanwhile now and then. leave closes the
// remaining connections.
func (p *publicServer) pileUp(from func(i int) string, meanwhile func()) (leave func()) {
	p.t.Helper()
	var held []net.Conn
	leave = func() {
		for _, conn := range held {
			_ = conn.Close()
		}
		held = nil
	}
	p.t.Cleanup(leave)
	for i := range crowd {
		conn, err := p.dialFrom(p.t.Context(), from(i))
		require.NoError(p.t, err)
		_, err = io.WriteString(conn, unfinished[i%len(unfinished)])
		require.NoError(p.t, err)
		if held = append(held, conn); len(held) > heldByAttacker {
			_ = held[0].Close()
			held = held[1:]
		}
		if i%500 == 499 {
			meanwhile()
		}
	}
	return leave
}

// Ten thousand idle connections do not delay other people, whether they come from one
// address or from many: the oldest ones are closed. The process keeps a limited number
// of them, and none after they have closed.
func TestTenThousandIdleConnections(t *testing.T) {
	for name, c := range map[string]struct {
		from func(i int) string
		most int
		// kept means that other people keep their connections.
		kept bool
	}{
		"from one address":    {func(int) string { return "127.66.0.1" }, 512, true},
		"from many addresses": {func(i int) string { return fmt.Sprintf("127.66.%d.%d", i/250, 1+i%250) }, 4096, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"LOG_LEVEL": "error"})
			p := w.public()
			other, attacker := p.person("127.77.0.1"), p.person("127.66.0.1")
			other.visit()
			before := measure()
			leave := p.pileUp(c.from, func() {
				kept := other.visit()
				assert.True(t, kept || !c.kept, "the connection of somebody else is left alone")
				attacker.visit()
				assert.Eventually(t, func() bool { return p.open.Load() <= int64(c.most)+2 }, 10*time.Second, time.Millisecond,
					"what was given up is closed")
			})
			require.EventuallyWithT(t, func(t *assert.CollectT) {
				now := measure()
				assert.LessOrEqual(t, p.open.Load(), int64(c.most)+2)
				assert.Less(t, now.heap-before.heap, int64(c.most)*roomForIdle+8<<20)
				assert.LessOrEqual(t, now.goroutines, before.goroutines+c.most+16)
			}, 10*time.Second, 50*time.Millisecond)
			other.visit()
			leave()
			attacker.client.CloseIdleConnections()
			require.Eventually(t, func() bool { return p.open.Load() <= 1 }, 10*time.Second, time.Millisecond, "none but the other's")
			requireNoGrowth(t, before, roomFor(crowd))
			assert.True(t, other.visit(), "on the connection that they have")
		})
	}
}

// Two thousand clients stall within the largest allowed requests. Their memory stays
// within that of connections, three quarters of the limit in the files in deploy, and
// other people are served.
func TestUnfinishedRequestsFitTheMemory(t *testing.T) {
	w := newWorld(t, map[string]string{"LOG_LEVEL": "error"})
	p := w.public()
	other := p.person("127.77.0.1")
	other.visit()
	before := measure()
	request := "POST /backchannel-logout HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + plainForm +
		"\r\nContent-Length: 32000\r\nX-Padding: " + strings.Repeat("x", 30<<10) + "\r\n\r\n" + strings.Repeat("x", 31_000)
	for i := range 2000 {
		conn, err := p.dialFrom(t.Context(), fmt.Sprintf("127.66.0.%d", 1+i%8))
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, request) // the server may have closed it
		if i%500 == 499 {
			assert.True(t, other.visit(), "the connection of somebody else is left alone")
		}
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) { // a connection that is closed takes a moment to end
		assert.Less(c, measure().heap-before.heap, int64(150<<20))
		assert.Greater(c, p.open.Load(), int64(500), "it is the bound that closes them, and no time-out")
	}, 5*time.Second, 50*time.Millisecond)
	p.person("127.66.0.1").visit()
	other.visit()
	require.Eventually(t, func() bool { return p.open.Load() < 1500 }, 10*time.Second, 10*time.Millisecond)
}
