package server

import (
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// connKey is the context key of a request's connection.
type connKey struct{}

// trackRequest marks a connection busy from the end of its request, body included,
// until its response starts. http.StateActive is no substitute: it lasts from the
// first byte of a request until the client has read the response, so a body that
// never arrives or a response that nobody reads would protect the connection.
func (c *connections) trackRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _ := r.Context().Value(connKey{}).(net.Conn)
		if tracked, ok := conn.(*trackedConn); ok {
			tracked.handled.Store(true)
		}
		request := &inFlight{c: c, conn: conn}
		if r.Body == nil || r.Body == http.NoBody {
			request.arrived()
		} else {
			r = r.WithContext(r.Context()) // a copy: the server looks for its own body in its request
			r.Body = &requestBody{r.Body, request}
		}
		if full, ok := w.(serverWriter); ok {
			request.serverWriter = full
			w = request
		}
		defer request.responseStarts() // if the handler wrote nothing, the server does
		next.ServeHTTP(w, r)
	})
}

// inFlight is a request that a handler is serving, and its ResponseWriter. It marks
// the start of the response before it writes.
type inFlight struct {
	serverWriter
	c    *connections
	conn net.Conn
	// responding is true once the response has started.
	responding atomic.Bool
}

// arrived marks the connection busy: the whole request has arrived.
func (f *inFlight) arrived() {
	f.c.update(f.conn, func(one *connection) {
		if !f.responding.Load() {
			f.c.markBusy(one)
		}
	})
}

// responseStarts marks the connection waiting: from now on the server waits for
// the client to read.
func (f *inFlight) responseStarts() {
	if !f.responding.Swap(true) {
		f.c.update(f.conn, f.c.markWaiting)
	}
}

// requestBody is a request's body. It records the memory of the bytes that were
// read, and the end of the request.
type requestBody struct {
	io.ReadCloser
	request *inFlight
}

// Read implements io.Reader.
func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.request.c.addMemory(b.request.conn, bufferSize(n))
	if err == io.EOF {
		b.request.arrived()
	}
	return n, err
}

// serverWriter lists the methods of the ResponseWriter of an HTTP/1 server.
type serverWriter interface {
	http.ResponseWriter
	http.Flusher
	http.Hijacker
	io.ReaderFrom
}

// Unwrap returns the server's own ResponseWriter for http.ResponseController.
func (f *inFlight) Unwrap() http.ResponseWriter { return f.serverWriter }

// WriteHeader implements http.ResponseWriter.
func (f *inFlight) WriteHeader(status int) {
	f.responseStarts()
	f.serverWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (f *inFlight) Write(p []byte) (int, error) {
	f.responseStarts()
	if len(p) > smallRequest { // connectionSize includes the buffers for less
		f.c.addMemory(f.conn, bufferSize(len(p)))
		defer f.c.addMemory(f.conn, -bufferSize(len(p)))
	}
	return f.serverWriter.Write(p)
}

// ReadFrom implements io.ReaderFrom.
func (f *inFlight) ReadFrom(r io.Reader) (int64, error) {
	f.responseStarts()
	return f.serverWriter.ReadFrom(r)
}

// Flush implements http.Flusher.
func (f *inFlight) Flush() {
	f.responseStarts()
	f.serverWriter.Flush()
}
