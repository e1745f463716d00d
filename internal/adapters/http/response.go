package http

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// response is the ResponseWriter of a request. It has the status and the length of the
// response for the log line and the metrics.
type response struct {
	http.ResponseWriter
	status int // 0 until the header is sent
	bytes  int64
}

// sentStatus returns the status of the response, after the handler has returned. If the
// handler wrote nothing, the server sends 200.
func (w *response) sentStatus() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// Unwrap returns the server's ResponseWriter for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter. An informational response such as 103
// comes before the response (RFC 9110, section 15.2).
func (w *response) WriteHeader(status int) {
	if w.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *response) Write(p []byte) (int, error) {
	w.status = w.sentStatus()
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom implements io.ReaderFrom.
func (w *response) ReadFrom(r io.Reader) (int64, error) {
	w.status = w.sentStatus()
	n, err := io.Copy(w.ResponseWriter, r)
	w.bytes += n
	return n, err
}

// Flush implements http.Flusher.
func (w *response) Flush() {
	w.status = w.sentStatus()
	_ = http.NewResponseController(w.ResponseWriter).Flush() // as http.Flusher, it has no error
}

// Hijack implements http.Hijacker.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}
