package server

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dialFrom connects from the given loopback address.
func (g *guarded) dialFrom(from string) *client {
	g.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := d.DialContext(g.t.Context(), "tcp", g.server.Listener.Addr().String())
	require.NoError(g.t, err)
	return g.client(conn)
}

// big is larger than any socket buffer. The bytes exist beforehand, because a
// connection is busy until its response starts.
const big = 8 << 20

var (
	bigBytes  = make([]byte, big)
	bigString = strings.Repeat("x", big)
)

// answersBig returns a handler that writes big bytes to /big/NAME in the way of
// that name.
func answersBig(ways map[string]func(w http.ResponseWriter)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if way, ok := ways[strings.TrimPrefix(r.URL.Path, "/big/")]; ok {
			way(w)
		}
	}
}

func bigAnswers() map[string]func(w http.ResponseWriter) {
	zeros := func() io.Reader { return io.LimitReader(zero{}, big) }
	return map[string]func(w http.ResponseWriter){
		"write":     func(w http.ResponseWriter) { _, _ = w.Write(bigBytes) },
		"header":    func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot); _, _ = w.Write(bigBytes) },
		"string":    func(w http.ResponseWriter) { _, _ = io.WriteString(w, bigString) },
		"copy":      func(w http.ResponseWriter) { _, _ = io.Copy(w, zeros()) },
		"read from": func(w http.ResponseWriter) { _, _ = w.(io.ReaderFrom).ReadFrom(zeros()) },
		"flush":     func(w http.ResponseWriter) { w.(http.Flusher).Flush(); _, _ = io.Copy(w, zeros()) },
		"controller": func(w http.ResponseWriter) {
			_ = http.NewResponseController(w).Flush()
			_, _ = io.Copy(struct{ io.Writer }{w}, zeros())
		},
	}
}

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Clients that never read cannot use up the connections: neither with responses
// larger than the socket buffers, whatever method writes them, nor with many
// small ones.
func TestClientsThatDoNotReadLeaveRoomForOthers(t *testing.T) {
	ways := bigAnswers()
	for name := range ways {
		t.Run(name, func(t *testing.T) {
			g := newGuardedHandler(t, bounds{connections: 8, perAddress: 4}, answersBig(ways))
			for i := range 24 {
				c := g.dialFrom(fmt.Sprintf("127.0.0.%d", 2+i%3))
				_, _ = io.WriteString(c, "GET /big/"+strings.ReplaceAll(name, " ", "%20")+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
			}
			g.requireAnswering()
			requireServed(t, g, "127.0.0.9")
			requireServed(t, g, "127.0.0.2")
		})
	}
	t.Run("pipelined", func(t *testing.T) {
		g := newGuardedHandler(t, bounds{connections: 8, perAddress: 4}, func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write(bigBytes[:64<<10])
		})
		for i := range 24 {
			c := g.dialFrom(fmt.Sprintf("127.0.0.%d", 2+i%3))
			_, _ = io.WriteString(c, strings.Repeat("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400))
		}
		g.requireAnswering()
		requireServed(t, g, "127.0.0.9")
		requireServed(t, g, "127.0.0.2")
	})
}

// requireAnswering waits until the responses on all connections have started.
func (g *guarded) requireAnswering() {
	g.t.Helper()
	require.Eventually(g.t, func() bool {
		g.bounded.mu.Lock()
		defer g.bounded.mu.Unlock()
		for _, one := range g.bounded.open {
			if one.inWaiting == nil || one.memory == 0 {
				return false
			}
		}
		return true
	}, 10*time.Second, time.Millisecond)
}

// requireServed completes a request on a new connection.
func requireServed(t *testing.T, g *guarded, from string) {
	t.Helper()
	c := g.dialFrom(from)
	require.NoError(t, c.get("/"), from)
}

// A slow reader keeps its connection until the limit is reached, and then the
// connections that were idle before go first.
func TestConnectionsThatWereIdleBeforeASlowReaderAreClosedFirst(t *testing.T) {
	g := newGuardedHandler(t, bounds{connections: 100, perAddress: 3}, answersBig(bigAnswers()))
	before := g.served()
	slow := g.dial()
	require.NoError(t, slow.ask("/big/write"))
	res, err := http.ReadResponse(slow.in, nil)
	require.NoError(t, err)
	g.served()
	g.served() // one beyond the limit
	_, err = before.in.ReadByte()
	require.ErrorIs(t, err, io.EOF)
	n, err := io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	assert.EqualValues(t, big, n)
}

// A slow handler keeps its connection for any method, with pipelined requests
// behind it and with a body.
func TestAConnectionStaysUntilItsResponseStarts(t *testing.T) {
	for name, request := range map[string]string{
		"GET":       "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"HEAD":      "HEAD /wait HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"pipelined": strings.Repeat("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n", 3),
		"second":    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"body":      "POST /wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
	} {
		t.Run(name, func(t *testing.T) {
			g := newGuarded(t, bounds{connections: 100, perAddress: 3})
			c := g.dial()
			_, err := io.WriteString(c, request)
			require.NoError(t, err)
			<-g.waiting
			for range 6 {
				g.served()
			}
			g.release()
			for range max(1, strings.Count(request, "HTTP/1.1")) {
				require.NoError(t, c.answerTo(request[:4]))
			}
		})
	}
}

// A handler may read the body after its response has started, as a proxy does.
// That does not protect the connection again.
func TestABodyReadAfterTheResponseStartedProtectsNothing(t *testing.T) {
	var blocked atomic.Int32
	g := newGuardedHandler(t, bounds{connections: 100, perAddress: 2}, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.WriteHeader(http.StatusOK)
		_, _ = io.Copy(io.Discard, r.Body)
		blocked.Add(1)
		_, _ = w.Write(bigBytes)
	})
	for range 2 {
		c := g.dialFrom("127.0.0.2")
		_, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return blocked.Load() == 2 }, 10*time.Second, time.Millisecond)
	requireServed(t, g, "127.0.0.2")
}

// With Expect: 100-continue the client sends no body to a handler that refuses.
func TestARefusalDoesNotWaitForAnExpectedBody(t *testing.T) {
	g := newGuardedHandler(t, bounds{connections: 100, perAddress: 2}, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
	})
	c := g.dial()
	_, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
	require.NoError(t, err)
	res, err := http.ReadResponse(c.in, nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, res.StatusCode)
	assert.True(t, res.Close)
}

func TestAHandlerHasAllMethodsOfTheServersWriter(t *testing.T) {
	g := newGuardedHandler(t, bounds{connections: 100, perAddress: 2}, func(w http.ResponseWriter, _ *http.Request) {
		controller := http.NewResponseController(w)
		assert.NoError(t, controller.SetWriteDeadline(time.Now().Add(time.Minute)))
		_, flushes := w.(http.Flusher)
		assert.True(t, flushes)
		conn, _, err := w.(http.Hijacker).Hijack()
		if assert.NoError(t, err) {
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
			_ = conn.Close()
		}
	})
	require.NoError(t, g.dial().get("/"))
	require.Eventually(t, func() bool {
		g.bounded.mu.Lock()
		defer g.bounded.mu.Unlock()
		return len(g.bounded.open) == 0
	}, 10*time.Second, time.Millisecond)
}

func TestAGuardedHandlerWorksWithoutAServer(t *testing.T) {
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })}
	newConnections(bounds{connections: 1, perAddress: 1}, nil, slog.New(slog.DiscardHandler)).guard(server)
	rec := httptest.NewRecorder()
	server.Handler.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x")))
	assert.Equal(t, http.StatusTeapot, rec.Code)
}
