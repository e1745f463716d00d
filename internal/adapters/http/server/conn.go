package server

import (
	"bytes"
	"net"
	"net/http"
	"sync/atomic"
)

// trackedListener returns each connection as a trackedConn.
type trackedListener struct{ net.Listener }

// Accept implements net.Listener.
func (l trackedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &trackedConn{Conn: conn}, nil
}

// trackedConn is a connection that observes the bytes of a request before a handler
// gets it, and the responses that net/http writes itself. No handler can observe
// these.
type trackedConn struct {
	net.Conn
	// received records the memory of bytes that were read. It is nil until the
	// server has admitted the connection.
	received func(bytes int)
	// refusals writes the responses to requests that net/http refuses. If it is
	// nil, net/http writes them.
	refusals http.Handler
	// handled is true while a handler has a request of this connection.
	handled atomic.Bool
}

// Read implements net.Conn.
func (t *trackedConn) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	if n > 0 && t.received != nil && !t.handled.Load() {
		t.received(bufferSize(n) + headerLineSize*bytes.Count(p[:n], []byte{'\n'}))
	}
	return n, err
}

// Write implements net.Conn. Without a handler the bytes are net/http's own: a
// short error for a malformed or oversized request, after which it closes the
// connection. Write replaces that error by the response of refusals.
func (t *trackedConn) Write(p []byte) (int, error) {
	if t.refusals == nil || t.handled.Load() {
		return t.Conn.Write(p)
	}
	refusal, ok := parseRefusal(p)
	if !ok {
		return t.Conn.Write(p)
	}
	response, err := refusal.response(t.refusals, t.Conn)
	if err != nil {
		return t.Conn.Write(p)
	}
	if _, err := t.Conn.Write(response); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite closes the writing side of a connection that has one. net/http calls
// it so that a client that is still sending can read the last response.
func (t *trackedConn) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
