package server

import (
	"bytes"
	"net"
	"net/http"
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
// handler begins, and sees what is answered without one: nobody but the server
// does otherwise.
type watched struct {
	net.Conn
	// received is set before the server reads.
	received func(cost int)
	// refusals answers what the server refuses by itself; nil: the server does.
	refusals http.Handler
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

// Write implements net.Conn. What is written where no handler has the request is
// the server's own: for a header that is too large, or no HTTP, it writes a short
// error and closes the connection.
func (w *watched) Write(p []byte) (int, error) {
	if w.refusals != nil && !w.handled.Load() {
		if said, ok := parseRefusal(p); ok {
			return w.refuse(said, p)
		}
	}
	return w.Conn.Write(p)
}

// refuse writes what the handler says to a refusal, instead of p.
func (w *watched) refuse(said Refusal, p []byte) (int, error) {
	answer, err := said.answerOf(w.refusals, w.Conn)
	if err != nil {
		return w.Conn.Write(p)
	}
	if _, err := w.Conn.Write(answer); err != nil {
		return 0, err
	}
	return len(p), nil
}

// CloseWrite lets the server say goodbye to a client that is still sending, as
// it does with a connection that is not watched.
func (w *watched) CloseWrite() error {
	if half, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
