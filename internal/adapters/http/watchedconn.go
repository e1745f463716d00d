package http

import (
	"bytes"
	"net"
	"sync/atomic"
)

// watchedListener makes connections watched. A server whose connections are not
// bounds their number alone, not what they hold before a handler has begun.
type watchedListener struct{ net.Listener }

// Accept implements net.Listener.
func (l watchedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &watched{Conn: conn}, nil
}

// watched is a connection that tells what it receives of a request before a
// handler begins: until then nobody but the server sees it.
type watched struct {
	net.Conn
	// received is set before the server reads.
	received func(cost int)
	// handled: a handler has the request, and its answer has not ended.
	handled atomic.Bool
}

// Read implements net.Conn.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 && w.received != nil && !w.handled.Load() {
		w.received(costOf(n) + lineCost*bytes.Count(p[:n], []byte{'\n'}))
	}
	return n, err
}

// CloseWrite lets the server say goodbye to a client that is still sending, as
// it does with a connection that is not watched.
func (w *watched) CloseWrite() error {
	if half, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
