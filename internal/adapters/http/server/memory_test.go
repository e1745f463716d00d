package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// opened admits a connection from the nth address.
func (c *connections) opened(n int) *somewhere {
	conn := &somewhere{from: netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", n))}
	c.stateChanged(conn, http.StateNew)
	return conn
}

func TestLargeRequestsAreEvictedFirst(t *testing.T) {
	c := newConnections(bounds{connections: 100, perAddress: 10, memory: 8*connectionSize + 190<<10}, nil, slog.New(slog.DiscardHandler))
	small, first, second, third := c.opened(1), c.opened(2), c.opened(3), c.opened(4)
	c.addMemory(small, smallRequest)
	c.addMemory(first, 90<<10)
	c.addMemory(second, 90<<10)
	c.addMemory(third, 90<<10)
	assert.False(t, small.closed || first.closed || second.closed || third.closed, "four connections fit the memory")
	c.update(first, c.markBusy)
	for n := range 3 {
		c.opened(5 + n)
	}
	assert.False(t, small.closed || first.closed, "a small request and a busy connection stay")
	assert.True(t, second.closed, "the longest waiting large request")
	assert.False(t, third.closed)
	c.addMemory(third, 300<<10)
	assert.True(t, third.closed, "no other connection is closed for it")
	assert.False(t, small.closed || first.closed)
	c.stateChanged(first, http.StateIdle)
	assert.Equal(t, 5*connectionSize+smallRequest, c.memory, "a finished request uses no memory")
}

func TestAmongSmallRequestsTheLongestWaitingIsEvicted(t *testing.T) {
	c := newConnections(bounds{connections: 100, perAddress: 10, memory: 3 * connectionSize}, nil, slog.New(slog.DiscardHandler))
	busy, first, second := c.opened(1), c.opened(2), c.opened(3)
	c.update(busy, c.markBusy)
	third := c.opened(4)
	assert.True(t, first.closed)
	assert.False(t, busy.closed || second.closed || third.closed)
	c.update(second, c.markBusy)
	c.update(third, c.markBusy)
	assert.True(t, c.opened(5).closed, "if all are busy, the new connection is closed")
	c.addMemory(busy, 1<<20)
	assert.False(t, busy.closed || second.closed || third.closed)
}

func TestMemoryBudget(t *testing.T) {
	assert.Equal(t, 150<<20, memoryBudget(200<<20))
	assert.Equal(t, 150<<20, memoryBudget(math.MaxInt64), "without GOMEMLIMIT")
	assert.GreaterOrEqual(t, 150<<20, maxConnections*(connectionSize+smallRequest), "the limit in deploy is enough for all connections")
}

// memoryUse returns the number of open connections and their memory.
func (g *guarded) memoryUse() (open, memory int) {
	g.bounded.mu.Lock()
	defer g.bounded.mu.Unlock()
	return len(g.bounded.open), g.bounded.memory
}

// Clients that send much of a header or body and then stall are disconnected at
// the memory limit, from however many addresses. Other clients keep their
// connections.
func TestMemoryOfUnfinishedRequestsIsLimited(t *testing.T) {
	const memory = 2 << 20
	var tiny strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&tiny, "h%d:\r\n", i)
	}
	for name, send := range map[string]string{
		"a long header":  "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + strings.Repeat("x", 30<<10),
		"many headers":   "GET / HTTP/1.1\r\nHost: localhost\r\n" + tiny.String(),
		"a body":         "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 60<<10),
		"both":           "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\nX: " + strings.Repeat("x", 30<<10) + "\r\n\r\n" + strings.Repeat("x", 60<<10),
		"a body refused": "POST /refused HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\nX: " + strings.Repeat("x", 30<<10) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuardedHandler(t, bounds{connections: 1000, perAddress: 100, memory: memory}, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/refused" {
					w.WriteHeader(http.StatusTeapot)
				}
				_, _ = io.Copy(io.Discard, r.Body)
			})
			other := g.served()
			for i := range 120 {
				_, _ = io.WriteString(g.dialFrom(fmt.Sprintf("127.0.0.%d", 2+i%4)), send)
				if i%40 == 39 {
					require.NoError(t, other.get("/"))
					requireServed(t, g, "127.0.0.2")
				}
			}
			require.EventuallyWithT(t, func(t *assert.CollectT) {
				open, used := g.memoryUse()
				assert.Less(t, open, 60)
				assert.LessOrEqual(t, used, memory)
			}, waitFor, tick)
			requireServed(t, g, "127.0.0.9")
		})
	}
}

// Responses that clients do not read count too. A client that reads gets its
// whole response.
func TestMemoryOfUnreadResponsesIsLimited(t *testing.T) {
	var asked atomic.Int32
	g := newGuardedHandler(t, bounds{connections: 1000, perAddress: 100, memory: 3*bufferSize(big) + 1<<20}, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answersBig(bigAnswers())(w, r)
	})
	other := g.served()
	for i := range 12 {
		require.NoError(t, g.dialFrom(fmt.Sprintf("127.0.0.%d", 2+i%3)).ask("/big/write"))
	}
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		open, memory := g.memoryUse()
		assert.EqualValues(t, 1+12, asked.Load())
		assert.Equal(t, 1+3, open)
		assert.InDelta(t, 4*connectionSize+3*bufferSize(big), memory, 4*smallRequest)
	}, waitFor, tick)
	require.NoError(t, other.get("/"))
	reader := g.dialFrom("127.0.0.9")
	require.NoError(t, reader.ask("/big/write"))
	res, err := http.ReadResponse(reader.in, nil)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	assert.EqualValues(t, big, n)
}

func TestAnIdleConnectionUsesNoMemoryForPastRequests(t *testing.T) {
	g := newGuarded(t, bounds{connections: 10, perAddress: 10, memory: 2 * connectionSize})
	c := g.dial()
	for range 50 {
		_, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n"+strings.Repeat("x", 5000))
		require.NoError(t, err)
		g.answered(c)
	}
	_, memory := g.memoryUse()
	assert.Equal(t, connectionSize, memory)
}

func TestATrackedConnectionHasCloseWrite(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	client, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = client.Close() }()
	conn, err := trackedListener{listener}.Accept()
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.(interface{ CloseWrite() error }).CloseWrite())
	_, err = client.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	_, err = client.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(conn, make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	_, err = trackedListener{listener}.Accept()
	assert.True(t, errors.Is(err, net.ErrClosed))
}
