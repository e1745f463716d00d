package server

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// How long a test waits for what a server does in a moment.
const (
	waitFor = 10 * time.Second
	tick    = time.Millisecond
)

// guarded is a real server with small bounds. Its handler keeps a request for
// /wait until release is called.
type guarded struct {
	t       *testing.T
	server  *httptest.Server
	bounded *connections
	logs    *strings.Builder
	waiting chan struct{} // told of each request for /wait
	release func()
}

func newGuarded(t *testing.T, b bounds, proxies ...netip.Prefix) *guarded {
	t.Helper()
	g := &guarded{t: t, logs: &strings.Builder{}, waiting: make(chan struct{}, 100)}
	released := make(chan struct{})
	g.release = sync.OnceFunc(func() { close(released) })
	g.serveWith(b, proxies, func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if err == nil && r.URL.Path == "/wait" {
			g.waiting <- struct{}{}
			<-released
		}
	})
	return g
}

// newGuardedHandler is newGuarded with a handler of the test's own.
func newGuardedHandler(t *testing.T, b bounds, handler http.HandlerFunc) *guarded {
	t.Helper()
	g := &guarded{t: t, logs: &strings.Builder{}, release: func() {}}
	g.serveWith(b, nil, handler)
	return g
}

func (g *guarded) serveWith(b bounds, proxies []netip.Prefix, handler http.HandlerFunc) {
	g.server = httptest.NewUnstartedServer(nil)
	g.server.Config = &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	g.bounded = newConnections(b, proxies, slog.New(slog.NewTextHandler(g.logs, nil)))
	g.bounded.guard(g.server.Config)
	g.server.Listener = watchedListener{g.server.Listener}
	g.server.Start()
	g.t.Cleanup(func() { g.release(); g.server.Close() })
}

// client is one kept connection.
type client struct {
	net.Conn
	in *bufio.Reader
}

func (g *guarded) dial() *client {
	g.t.Helper()
	conn, err := net.Dial("tcp", g.server.Listener.Addr().String())
	require.NoError(g.t, err)
	return g.client(conn)
}

func (g *guarded) client(conn net.Conn) *client {
	g.t.Helper()
	g.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(g.t, conn.SetDeadline(time.Now().Add(10*time.Second))) // a server that does not do its part fails the test
	return &client{conn, bufio.NewReader(conn)}
}

// served is dial and a first request.
func (g *guarded) served() *client {
	g.t.Helper()
	c := g.dial()
	g.serve(c)
	return c
}

// serve asks for a page.
func (g *guarded) serve(c *client) {
	g.t.Helper()
	require.NoError(g.t, c.ask("/"))
	g.answered(c)
}

// answered reads an answer and waits until the server has the connection among
// its idle ones, which is a moment later.
func (g *guarded) answered(c *client) {
	g.t.Helper()
	require.NoError(g.t, c.answer())
	_, port, err := net.SplitHostPort(c.LocalAddr().String())
	require.NoError(g.t, err)
	require.Eventually(g.t, func() bool { return g.idle(port) }, 10*time.Second, time.Millisecond)
}

func (g *guarded) idle(port string) bool {
	g.bounded.mu.Lock()
	defer g.bounded.mu.Unlock()
	for conn, one := range g.bounded.open {
		if strings.HasSuffix(conn.RemoteAddr().String(), ":"+port) {
			return one.inAll != nil && one.holds == 0 // the exchange has ended, not only its answer begun
		}
	}
	return false
}

// busy is dial and a request that is not answered yet.
func (g *guarded) busy() *client {
	g.t.Helper()
	c := g.dial()
	require.NoError(g.t, c.ask("/wait"))
	<-g.waiting
	return c
}

func (c *client) ask(path string) error {
	_, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
	return err
}

func (c *client) answer() error { return c.answerTo(http.MethodGet) }

func (c *client) answerTo(method string) error {
	res, err := http.ReadResponse(c.in, &http.Request{Method: strings.TrimSpace(method)})
	if err != nil {
		return err
	}
	return res.Body.Close()
}

func (c *client) get(path string) error {
	if err := c.ask(path); err != nil {
		return err
	}
	return c.answer()
}

func TestTheLongestIdleConnectionOfAnAddressGoes(t *testing.T) {
	g := newGuarded(t, bounds{connections: 100, perAddress: 3})
	first, second, third := g.served(), g.served(), g.served()
	g.serve(first) // now the second has been idle the longest
	fourth := g.served()
	_, err := second.in.ReadByte()
	require.ErrorIs(t, err, io.EOF, "closed by the server")
	for name, c := range map[string]*client{"first": first, "third": third, "fourth": fourth} {
		require.NoError(t, c.get("/"), name)
	}
	assert.Contains(t, g.logs.String(), "client=127.0.0.1")
}

func TestAConnectionThatSendsItsHeaderSlowlyCountsAsIdle(t *testing.T) {
	g := newGuarded(t, bounds{connections: 100, perAddress: 2})
	slow := g.served()
	_, err := io.WriteString(slow, "GET / HTTP/1.1\r\nX-Slow: ")
	require.NoError(t, err)
	g.served()
	g.served()
	_, err = slow.in.ReadByte()
	require.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server has not closed it")
}

// post sends a request's header and size bytes of a body of ten.
func (g *guarded) post(size int) *client {
	g.t.Helper()
	c := g.dial()
	_, err := io.WriteString(c, "POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"+"0123456789"[:size])
	require.NoError(g.t, err)
	return c
}

func TestAConnectionWhoseBodyDoesNotComeCountsAsIdle(t *testing.T) {
	g := newGuarded(t, bounds{connections: 100, perAddress: 3})
	whole := g.post(10)
	<-g.waiting
	never := g.post(5)
	late := g.post(5)
	g.served()
	_, err := never.in.ReadByte()
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the body that did not come has lost its connection")
	_, err = io.WriteString(late, "56789")
	require.NoError(t, err)
	<-g.waiting
	for range 5 {
		g.served() // the address is still served
	}
	g.release()
	require.NoError(t, whole.answer(), "whole requests are not touched")
	require.NoError(t, late.answer())
}

func TestBusyConnectionsStay(t *testing.T) {
	for name, b := range map[string]bounds{
		"of one address": {connections: 100, perAddress: 3}, "in all": {connections: 3, perAddress: 100},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuarded(t, b)
			busy := []*client{g.busy(), g.busy(), g.busy()}
			refused := g.dial()
			_ = refused.ask("/")
			require.Error(t, refused.answer(), "the new one is refused")
			g.release()
			for _, c := range busy {
				g.answered(c) // those with a request are not touched
			}
			g.served() // and the address is served again
		})
	}
}

func TestConnectionsOfProxiesAreBoundedInAllOnly(t *testing.T) {
	g := newGuarded(t, bounds{connections: 5, perAddress: 1}, netip.MustParsePrefix("127.0.0.0/8"))
	first := g.served()
	for range 4 {
		g.served()
	}
	require.NoError(t, first.get("/"))
	second := g.served()
	require.NoError(t, first.get("/"))
	require.NoError(t, second.get("/"))
}

// somewhere is a connection from an address of a test's choice.
type somewhere struct {
	net.Conn
	from   netip.Addr
	closed bool
}

func (s *somewhere) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(s.from, 50000))
}
func (s *somewhere) Close() error { s.closed = true; return nil }

func TestANetworkOfIPv6IsOneAddress(t *testing.T) {
	c := newConnections(bounds{connections: 100, perAddress: 2}, nil, slog.New(slog.DiscardHandler))
	from := func(address string) *somewhere {
		conn := &somewhere{from: netip.MustParseAddr(address)}
		c.changed(conn, http.StateNew)
		return conn
	}
	neighbour := from("2001:db8:1:100::1")
	mine := []*somewhere{from("2001:db8:1:1::1"), from("2001:db8:1:1:ffff::2"), from("2001:db8:1:ff:abcd::3")}
	assert.True(t, mine[0].closed, "three addresses of one /56")
	assert.False(t, neighbour.closed || mine[1].closed || mine[2].closed)
	mapped, plain := from("::ffff:192.0.2.1"), []*somewhere{from("192.0.2.1"), from("192.0.2.1")}
	assert.True(t, mapped.closed, "one address in two spellings")
	assert.False(t, plain[0].closed || plain[1].closed || from("192.0.2.2").closed)
}

// Nine networks of one customer, with a request on each connection that waits for
// an answer, leave connections to everybody else. The bounds are the real ones.
func TestBusyConnectionsOfOneBlockResetNobody(t *testing.T) {
	const most = maxConnections
	c := newConnections(bounds{connections: most, perAddress: most / addressShare}, nil, slog.New(slog.DiscardHandler))
	busy := 0
	for i := range most + 512 {
		conn := &somewhere{from: netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::1", i%9))}
		c.changed(conn, http.StateNew)
		if !conn.closed {
			c.with(conn, c.becomesBusy)
			busy++
		}
	}
	assert.Equal(t, most/addressShare, busy)
	for _, other := range []string{"127.0.0.1", "192.0.2.1", "2001:db8:0:100::1"} {
		conn := &somewhere{from: netip.MustParseAddr(other)}
		c.changed(conn, http.StateNew)
		assert.False(t, conn.closed, other)
	}
}

// Whatever happens to connections, none is counted that is gone, and nothing is
// kept of an address without any.
func TestConnectionsAreForgotten(t *testing.T) {
	c := newConnections(bounds{connections: 8, perAddress: 3, memory: 400_000}, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/30")}, slog.New(slog.DiscardHandler))
	const busy = http.ConnState(-1) // the server does not tell
	var all []*somewhere
	for i := range 200 {
		conn := &somewhere{from: netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", i%7))}
		c.changed(conn, http.StateNew)
		all = append(all, conn)
		for j, state := range []http.ConnState{busy, http.StateIdle, http.StateHijacked, busy, http.StateClosed} {
			if conn := all[(i*7+j*13)%len(all)]; state == busy {
				c.with(conn, c.becomesBusy)
				c.holds(conn, i*1000)
			} else {
				c.changed(conn, state)
			}
		}
		open := 0
		for _, p := range c.peers {
			open += p.open
			require.LessOrEqual(t, p.open, 3)
			require.LessOrEqual(t, p.idle.Len(), p.open)
		}
		require.LessOrEqual(t, len(c.open), 8)
		require.LessOrEqual(t, open, len(c.open))
		require.LessOrEqual(t, c.idle.Len(), len(c.open))
	}
	for _, conn := range all {
		c.changed(conn, http.StateClosed)
		c.changed(conn, http.StateClosed)
	}
	assert.Empty(t, c.open)
	assert.Empty(t, c.peers)
	assert.Zero(t, c.idle.Len())
	assert.Zero(t, c.large.Len())
	assert.Zero(t, c.held)
}

func TestBoundsFitTheProcess(t *testing.T) {
	b := processBounds()
	assert.LessOrEqual(t, b.connections, maxConnections)
	assert.Equal(t, max(1, b.connections/8), b.perAddress)
	if files, ok := maxOpenFiles(); ok {
		assert.LessOrEqual(t, uint64(b.connections), files/2)
	}
}
