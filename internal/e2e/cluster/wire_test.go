//go:build integration && linux

package cluster

import (
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wire is a network connection between the application and a store's server that can
// fail. Connections that are open at that time stay as they are or break.
// Connections that were made during the failure stay broken after it, so the
// application must replace them.
type wire struct {
	t      *testing.T
	target string

	mu    sync.Mutex
	shape shape
	lines []*line
}

// shape forwards the server's output to the client. It returns false to break the
// connection.
type shape func(to net.Conn, said []byte) bool

// line is one connection through the wire.
type line struct {
	client, server net.Conn
	mute           atomic.Bool // the connection stays open and forwards nothing
	shape          shape
}

// newWire starts a wire in front of s.
func newWire(t *testing.T, s store) (*wire, store) {
	t.Helper()
	u, err := url.Parse(s.url)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{t: t, target: u.Host, shape: well}
	var threads sync.WaitGroup
	threads.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			threads.Go(func() { w.serve(client, &threads) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); w.breakLines(); threads.Wait() })
	u.Host = listener.Addr().String()
	return w, store{u.String(), s.server}
}

func (w *wire) serve(client net.Conn, threads *sync.WaitGroup) {
	server, err := net.Dial("tcp", w.target)
	if err != nil {
		_ = client.Close()
		return
	}
	w.mu.Lock()
	l := &line{client: client, server: server, shape: w.shape}
	w.lines = append(w.lines, l)
	w.mu.Unlock()
	threads.Go(func() { l.carry(client, server, well) })
	l.carry(server, client, l.shape)
}

// carry forwards data from one end to the other until either ends.
func (l *line) carry(from, to net.Conn, pass shape) {
	defer func() { _, _ = l.client.Close(), l.server.Close() }()
	said := make([]byte, 32<<10)
	for {
		n, err := from.Read(said)
		if err != nil || !l.mute.Load() && !pass(to, said[:n]) {
			return
		}
	}
}

// set sets the shape of new connections.
func (w *wire) set(s shape) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shape = s
}

// breakLines breaks all connections. muteLines makes them forward nothing.
func (w *wire) breakLines() {
	w.each(func(l *line) { _, _ = l.client.Close(), l.server.Close() })
}

func (w *wire) muteLines() { w.each(func(l *line) { l.mute.Store(true) }) }

func (w *wire) each(do func(*line)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lines {
		do(l)
	}
}

// Shapes of a wire.
func well(to net.Conn, said []byte) bool {
	_, err := to.Write(said)
	return err == nil
}

func silent(net.Conn, []byte) bool { return true }

func closed(net.Conn, []byte) bool { return false }

// cut forwards a part of the data and then resets the connection.
func cut(to net.Conn, said []byte) bool {
	_, _ = to.Write(said[:len(said)/2])
	if tcp, ok := to.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return false
}

// drip forwards one byte at a time, with pauses.
func drip(to net.Conn, said []byte) bool {
	next := time.NewTicker(200 * time.Millisecond)
	defer next.Stop()
	for i := range said {
		if _, err := to.Write(said[i : i+1]); err != nil {
			return false
		}
		<-next.C
	}
	return true
}

// nonsense responds like a server of another protocol.
func nonsense(to net.Conn, _ []byte) bool {
	_, _ = to.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<h1>400</h1>"))
	return false
}
