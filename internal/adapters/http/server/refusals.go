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

// RefusalHandler is a handler that also answers where the server refuses by
// itself what it cannot make a request of.
type RefusalHandler interface {
	http.Handler
	// Refusals returns the handler that is asked then. Its request has the
	// address of the client and nothing else; RefusalOf says what was refused.
	// All of the answer is kept in memory before it is sent, and the connection
	// ends with it. Where the handler panics, the client gets the server's own
	// words.
	Refusals() http.Handler
}

// Refusal is what the server would say by itself.
type Refusal struct {
	// Status is from 400 on: 431 for a header that is too large (RFC 6585,
	// section 5), 400 for most of what is no request.
	Status int
	// Text is one of a few fixed ones of net/http, never empty. It quotes
	// nothing of what was sent.
	Text string
}

type refusalKey struct{}

// RefusalOf returns what the server has refused, from the context of a request
// that a handler for refusals is asked; the zero Refusal from any other.
func RefusalOf(ctx context.Context) Refusal {
	said, _ := ctx.Value(refusalKey{}).(Refusal)
	return said
}

// parseRefusal reads what the server writes to a connection where no handler has
// the request; ok where that is a whole answer, an error, and its last.
func parseRefusal(written []byte) (said Refusal, ok bool) {
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

// answerOf returns the whole answer of h to a refusal. The server asks for it
// where nothing recovers: a panic of h is an error, and the server's own words
// will do.
func (said Refusal) answerOf(h http.Handler, conn net.Conn) (whole []byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			whole, err = nil, errors.New("panic in the handler of refusals")
		}
	}()
	r := &http.Request{
		URL: &url.URL{}, Header: http.Header{}, Body: http.NoBody,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: conn.RemoteAddr().String(),
	}
	w := &kept{status: said.Status, header: http.Header{}}
	h.ServeHTTP(w, r.WithContext(context.WithValue(context.Background(), refusalKey{}, said)))
	res := &http.Response{
		StatusCode: w.status, ProtoMajor: 1, ProtoMinor: 1, Close: true,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()),
	}
	var answer bytes.Buffer
	err = res.Write(&answer)
	return answer.Bytes(), err
}

// kept is a ResponseWriter that keeps an answer.
type kept struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *kept) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter.
func (k *kept) Write(p []byte) (int, error) { return k.body.Write(p) }
