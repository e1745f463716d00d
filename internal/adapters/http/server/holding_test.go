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

// opened takes a connection of its own address in.
func (c *connections) opened(n int) *somewhere {
	conn := &somewhere{from: netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", n))}
	c.changed(conn, http.StateNew)
	return conn
}

func TestThoseWithALotOfARequestGoFirst(t *testing.T) {
	c := newConnections(bounds{connections: 100, perAddress: 10, memory: 8*connectionCost + 190<<10}, nil, slog.New(slog.DiscardHandler))
	small, first, second, third := c.opened(1), c.opened(2), c.opened(3), c.opened(4)
	c.holds(small, smallRequest)
	c.holds(first, 90<<10)
	c.holds(second, 90<<10)
	c.holds(third, 90<<10)
	assert.False(t, small.closed || first.closed || second.closed || third.closed, "four connections leave room for all that")
	c.with(first, c.becomesBusy)
	for n := range 3 {
		c.opened(5 + n)
	}
	assert.False(t, small.closed || first.closed, "a small request, and one that is being answered")
	assert.True(t, second.closed, "the longest idle of the large ones")
	assert.False(t, third.closed)
	c.holds(third, 300<<10)
	assert.True(t, third.closed, "nobody else makes room for it")
	assert.False(t, small.closed || first.closed)
	c.changed(first, http.StateIdle)
	assert.Equal(t, 5*connectionCost+smallRequest, c.held, "an exchange that has ended holds nothing")
}

func TestWhereAllRequestsAreSmallTheLongestIdleGoes(t *testing.T) {
	c := newConnections(bounds{connections: 100, perAddress: 10, memory: 3 * connectionCost}, nil, slog.New(slog.DiscardHandler))
	busy, first, second := c.opened(1), c.opened(2), c.opened(3)
	c.with(busy, c.becomesBusy)
	third := c.opened(4)
	assert.True(t, first.closed)
	assert.False(t, busy.closed || second.closed || third.closed)
	c.with(second, c.becomesBusy)
	c.with(third, c.becomesBusy)
	assert.True(t, c.opened(5).closed, "where all are busy, the new one")
	c.holds(busy, 1<<20)
	assert.False(t, busy.closed || second.closed || third.closed)
}

func TestThePartOfTheMemory(t *testing.T) {
	assert.Equal(t, 150<<20, memoryFor(200<<20))
	assert.Equal(t, 150<<20, memoryFor(math.MaxInt64), "where nothing is set")
	assert.GreaterOrEqual(t, 150<<20, maxConnections*(connectionCost+smallRequest), "what deploy grants is enough for all connections")
}

// holding is how many connections are open and what they hold.
func (g *guarded) holding() (open, held int) {
	g.bounded.mu.Lock()
	defer g.bounded.mu.Unlock()
	return len(g.bounded.open), g.bounded.held
}

// Whoever sends a lot of a request and stalls, in the header or in the body, is
// cut short by what all may hold together, from however many addresses. Others
// keep even the connections that they have.
func TestUnfinishedRequestsAreBoundedByWhatTheyHold(t *testing.T) {
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
				open, held := g.holding()
				assert.Less(t, open, 60)
				assert.LessOrEqual(t, held, memory)
			}, waitFor, tick)
			requireServed(t, g, "127.0.0.9")
		})
	}
}

// Answers that nobody reads count too; one that somebody reads arrives.
func TestAnswersThatNobodyReadsAreBoundedByWhatTheyHold(t *testing.T) {
	var asked atomic.Int32
	g := newGuardedHandler(t, bounds{connections: 1000, perAddress: 100, memory: 3*costOf(big) + 1<<20}, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answersBig(bigAnswers())(w, r)
	})
	other := g.served()
	for i := range 12 {
		require.NoError(t, g.dialFrom(fmt.Sprintf("127.0.0.%d", 2+i%3)).ask("/big/write"))
	}
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		open, held := g.holding()
		assert.EqualValues(t, 1+12, asked.Load())
		assert.Equal(t, 1+3, open)
		assert.InDelta(t, 4*connectionCost+3*costOf(big), held, 4*smallRequest)
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

// A request on a kept connection is weighed by itself.
func TestAKeptConnectionHoldsNothingBetweenRequests(t *testing.T) {
	g := newGuarded(t, bounds{connections: 10, perAddress: 10, memory: 2 * connectionCost})
	c := g.dial()
	for range 50 {
		_, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n"+strings.Repeat("x", 5000))
		require.NoError(t, err)
		g.answered(c)
	}
	_, held := g.holding()
	assert.Equal(t, connectionCost, held)
}

func TestAWatchedConnectionCanSayGoodbye(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	client, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = client.Close() }()
	conn, err := watchedListener{listener}.Accept()
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
	_, err = watchedListener{listener}.Accept()
	assert.True(t, errors.Is(err, net.ErrClosed))
}
