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

// waitFor and tick are for conditions that a server usually fulfils at once.
const (
	waitFor = 10 * time.Second
	tick    = time.Millisecond
)

// guarded is a real server with small limits. Its handler blocks each request to
// /wait until release is called.
type guarded struct {
	t       *testing.T
	server  *httptest.Server
	bounded *connections
	logs    *strings.Builder
	waiting chan struct{} // receives once for each request to /wait
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

// newGuardedHandler returns a guarded server with another handler.
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
	g.server.Listener = trackedListener{g.server.Listener}
	g.server.Start()
	g.t.Cleanup(func() { g.release(); g.server.Close() })
}

// client is a keep-alive connection.
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
	require.NoError(g.t, conn.SetDeadline(time.Now().Add(10*time.Second))) // a server that hangs fails the test
	return &client{conn, bufio.NewReader(conn)}
}

// served opens a connection and completes one request on it.
func (g *guarded) served() *client {
	g.t.Helper()
	c := g.dial()
	g.serve(c)
	return c
}

// serve completes one request on c.
func (g *guarded) serve(c *client) {
	g.t.Helper()
	require.NoError(g.t, c.ask("/"))
	g.answered(c)
}

// answered reads a response and waits until the server considers the connection
// idle.
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
			return one.inWaiting != nil && one.memory == 0 // the response has ended, not only started
		}
	}
	return false
}

// busy opens a connection with a request that the handler blocks.
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

func TestTheLongestIdleConnectionOfAnAddressIsClosed(t *testing.T) {
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

func TestASlowHeaderDoesNotProtectAConnection(t *testing.T) {
	g := newGuarded(t, bounds{connections: 100, perAddress: 2})
	slow := g.served()
	_, err := io.WriteString(slow, "GET / HTTP/1.1\r\nX-Slow: ")
	require.NoError(t, err)
	g.served()
	g.served()
	_, err = slow.in.ReadByte()
	require.Error(t, err)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server has closed it")
}

// post sends a header with Content-Length 10 and size bytes of the body.
func (g *guarded) post(size int) *client {
	g.t.Helper()
	c := g.dial()
	_, err := io.WriteString(c, "POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n"+"0123456789"[:size])
	require.NoError(g.t, err)
	return c
}

func TestAMissingBodyDoesNotProtectAConnection(t *testing.T) {
	g := newGuarded(t, bounds{connections: 100, perAddress: 3})
	complete := g.post(10)
	<-g.waiting
	never := g.post(5)
	late := g.post(5)
	g.served()
	_, err := never.in.ReadByte()
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the server has closed it")
	_, err = io.WriteString(late, "56789")
	require.NoError(t, err)
	<-g.waiting
	for range 5 {
		g.served() // the address is still served
	}
	g.release()
	require.NoError(t, complete.answer(), "complete requests are not touched")
	require.NoError(t, late.answer())
}

func TestBusyConnectionsStay(t *testing.T) {
	for name, b := range map[string]bounds{
		"of one address": {connections: 100, perAddress: 3}, "in total": {connections: 3, perAddress: 100},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuarded(t, b)
			busy := []*client{g.busy(), g.busy(), g.busy()}
			refused := g.dial()
			_ = refused.ask("/")
			require.Error(t, refused.answer(), "the new connection is refused")
			g.release()
			for _, c := range busy {
				g.answered(c) // busy connections survive
			}
			g.served() // the address is served again
		})
	}
}

func TestProxiesHaveOnlyTheTotalLimit(t *testing.T) {
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

// somewhere is a connection from an arbitrary address.
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
		c.stateChanged(conn, http.StateNew)
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

// An attacker with nine IPv6 networks of one /56 and a busy request on every
// connection leaves connections to other clients. The limits are the real ones.
func TestBusyConnectionsOfOneIPv6BlockLeaveRoomForOthers(t *testing.T) {
	const most = maxConnections
	c := newConnections(bounds{connections: most, perAddress: most / addressShare}, nil, slog.New(slog.DiscardHandler))
	busy := 0
	for i := range most + 512 {
		conn := &somewhere{from: netip.MustParseAddr(fmt.Sprintf("2001:db8:0:%x::1", i%9))}
		c.stateChanged(conn, http.StateNew)
		if !conn.closed {
			c.update(conn, c.markBusy)
			busy++
		}
	}
	assert.Equal(t, most/addressShare, busy)
	for _, other := range []string{"127.0.0.1", "192.0.2.1", "2001:db8:0:100::1"} {
		conn := &somewhere{from: netip.MustParseAddr(other)}
		c.stateChanged(conn, http.StateNew)
		assert.False(t, conn.closed, other)
	}
}

// After any sequence of states, closed connections do not count, and an address
// without connections uses no memory.
func TestClosedConnectionsAreForgotten(t *testing.T) {
	c := newConnections(bounds{connections: 8, perAddress: 3, memory: 400_000}, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/30")}, slog.New(slog.DiscardHandler))
	const busy = http.ConnState(-1) // no state of net/http
	var all []*somewhere
	for i := range 200 {
		conn := &somewhere{from: netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", i%7))}
		c.stateChanged(conn, http.StateNew)
		all = append(all, conn)
		for j, state := range []http.ConnState{busy, http.StateIdle, http.StateHijacked, busy, http.StateClosed} {
			if conn := all[(i*7+j*13)%len(all)]; state == busy {
				c.update(conn, c.markBusy)
				c.addMemory(conn, i*1000)
			} else {
				c.stateChanged(conn, state)
			}
		}
		open := 0
		for _, p := range c.peers {
			open += p.open
			require.LessOrEqual(t, p.open, 3)
			require.LessOrEqual(t, p.waiting.Len(), p.open)
		}
		require.LessOrEqual(t, len(c.open), 8)
		require.LessOrEqual(t, open, len(c.open))
		require.LessOrEqual(t, c.waiting.Len(), len(c.open))
	}
	for _, conn := range all {
		c.stateChanged(conn, http.StateClosed)
		c.stateChanged(conn, http.StateClosed)
	}
	assert.Empty(t, c.open)
	assert.Empty(t, c.peers)
	assert.Zero(t, c.waiting.Len())
	assert.Zero(t, c.large.Len())
	assert.Zero(t, c.memory)
}

func TestBoundsFitTheProcess(t *testing.T) {
	b := processBounds()
	assert.LessOrEqual(t, b.connections, maxConnections)
	assert.Equal(t, max(1, b.connections/8), b.perAddress)
	if files, ok := maxOpenFiles(); ok {
		assert.LessOrEqual(t, uint64(b.connections), files/2)
	}
}
