package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
)

// RefusalHandler is a handler that also writes the responses to requests that
// net/http refuses: malformed ones and ones with an oversized header.
type RefusalHandler interface {
	http.Handler
	// Refusals returns the handler that writes these responses. Its request has
	// only the client's address; RefusalOf returns the reason. The response is
	// kept in memory and then sent, and the connection is closed. If the handler
	// panics, the client gets the response of net/http.
	Refusals() http.Handler
}

// Refusal is the response that net/http would send.
type Refusal struct {
	// Status is 431 for an oversized header (RFC 6585, section 5) and 400 for
	// most malformed requests.
	Status int
	// Text is a fixed text of net/http and never empty. It quotes no input.
	Text string
}

type refusalKey struct{}

// RefusalOf returns the reason of a refusal from the context of a request to
// Refusals. It returns the zero Refusal from any other context.
func RefusalOf(ctx context.Context) Refusal {
	refusal, _ := ctx.Value(refusalKey{}).(Refusal)
	return refusal
}

// parseRefusal reads a response that net/http wrote without a handler. It returns
// false unless that is a complete error response that ends the connection.
func parseRefusal(written []byte) (Refusal, bool) {
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(written)), nil)
	if err != nil || res.StatusCode < http.StatusBadRequest || !res.Close {
		return Refusal{}, false
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return Refusal{}, false
	}
	if len(text) == 0 {
		text = []byte(res.Status)
	}
	return Refusal{res.StatusCode, string(text)}, true
}

// response returns the bytes of h's response to a refusal. It returns an error if h
// panics, because net/http does not recover a panic at this point.
func (f Refusal) response(h http.Handler, conn net.Conn) (response []byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			response, err = nil, errors.New("panic in the handler of refusals")
		}
	}()
	r := &http.Request{
		URL: &url.URL{}, Header: http.Header{}, Body: http.NoBody,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: conn.RemoteAddr().String(),
	}
	w := &recorder{status: f.Status, header: http.Header{}}
	h.ServeHTTP(w, r.WithContext(context.WithValue(context.Background(), refusalKey{}, f)))
	res := &http.Response{
		StatusCode: w.status, ProtoMajor: 1, ProtoMinor: 1, Close: true,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()),
	}
	var sent bytes.Buffer
	err = res.Write(&sent)
	return sent.Bytes(), err
}

// recorder is a ResponseWriter that keeps the response in memory.
type recorder struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) { w.status = status }

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }
