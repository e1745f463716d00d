package server

import (
	"io"
	"net"
	"net/http"
)

// connKey is where a request's context has its connection.
type connKey struct{}

// arrived makes a connection busy from the moment a whole request has come, its
// body included, until its answer begins. The server itself calls it active from
// the end of the header on, and until all of the answer has been taken: a body
// that never comes, or an answer that nobody reads, would hold the connection's
// place.
func (c *connections) arrived(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _ := r.Context().Value(connKey{}).(net.Conn)
		if seen, ok := conn.(*watched); ok {
			seen.handled.Store(true)
		}
		x := &inFlight{c: c, conn: conn}
		if r.Body == nil || r.Body == http.NoBody {
			x.whole()
		} else {
			r = r.WithContext(r.Context()) // the server looks for its own body in its own request
			r.Body = &arriving{r.Body, x}
		}
		if full, ok := w.(http1Writer); ok {
			w = &answerWriter{full, x}
		}
		defer x.begins() // also where the server writes all of the answer
		next.ServeHTTP(w, r)
	})
}

// inFlight is a request on a connection, and its answer.
type inFlight struct {
	c    *connections
	conn net.Conn
	// begun: the answer has. Guarded by c.mu.
	begun bool
}

// whole says that all of the request has come.
func (x *inFlight) whole() {
	x.c.with(x.conn, func(one *connection) {
		if !x.begun {
			x.c.becomesBusy(one)
		}
	})
}

// begins says that the answer begins: how long the rest takes is up to the
// client. The connection is the last to have become idle.
func (x *inFlight) begins() {
	x.c.with(x.conn, func(one *connection) {
		if !x.begun {
			x.begun = true
			x.c.becomesIdle(one)
		}
	})
}

// arriving is a body that tells how much of it has been read, and when all has.
type arriving struct {
	io.ReadCloser
	x *inFlight
}

// Read implements io.Reader.
func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	a.x.c.holds(a.x.conn, costOf(n))
	if err == io.EOF {
		a.x.whole()
	}
	return n, err
}

// http1Writer is what the server's own http.ResponseWriter can do.
type http1Writer interface {
	http.ResponseWriter
	http.Flusher
	http.Hijacker
	io.ReaderFrom
}

// answerWriter is a ResponseWriter that tells when the answer begins, before
// anything can be waiting for the client to read it.
type answerWriter struct {
	http1Writer
	x *inFlight
}

// Unwrap is for http.ResponseController.
func (a *answerWriter) Unwrap() http.ResponseWriter { return a.http1Writer }

// WriteHeader implements http.ResponseWriter.
func (a *answerWriter) WriteHeader(status int) {
	a.x.begins()
	a.http1Writer.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answerWriter) Write(p []byte) (int, error) {
	a.x.begins()
	if len(p) > smallRequest { // else it fits the buffers that every connection has
		a.x.c.holds(a.x.conn, costOf(len(p)))
		defer a.x.c.holds(a.x.conn, -costOf(len(p)))
	}
	return a.http1Writer.Write(p)
}

// ReadFrom implements io.ReaderFrom.
func (a *answerWriter) ReadFrom(r io.Reader) (int64, error) {
	a.x.begins()
	return a.http1Writer.ReadFrom(r)
}

// Flush implements http.Flusher.
func (a *answerWriter) Flush() {
	a.x.begins()
	a.http1Writer.Flush()
}
