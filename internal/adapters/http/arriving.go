package http

import (
	"io"
	"net"
	"net/http"
)

// connKey is where a request's context has its connection.
type connKey struct{}

// arrived makes a connection busy once a whole request has come, its body
// included: the server itself calls it active from the end of the header on, and
// a body that never comes would hold the connection's place.
func (c *connections) arrived(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _ := r.Context().Value(connKey{}).(net.Conn)
		whole := func() { c.with(conn, c.becomesBusy) }
		if r.Body == nil || r.Body == http.NoBody {
			whole()
		} else {
			r.Body = &arriving{r.Body, whole}
		}
		next.ServeHTTP(w, r)
	})
}

// arriving is a body that tells when all of it has been read.
type arriving struct {
	io.ReadCloser
	whole func()
}

// Read implements io.Reader.
func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err == io.EOF {
		a.whole()
	}
	return n, err
}
