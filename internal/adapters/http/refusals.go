package http

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"
)

// errRefusedUnread: the server could not make a request of what came.
var errRefusedUnread = errors.New("refused by the server before it was read")

// application is the handler of all routes.
type application struct {
	router
	// refusals answers where the server has refused a request by itself, with
	// what every answer has: headers, request ID, log line, metric.
	refusals http.Handler
}

// router is a handler that can be asked for its routes.
type router interface {
	http.Handler
	chi.Routes
}

func (a *app) application() (http.Handler, error) {
	routes, err := a.routes()
	if err != nil {
		return nil, err
	}
	return &application{routes, a.clientAddress(a.observe(a.securityHeaders(a.handle(refused))))}, nil
}

// refusal is what the server would say by itself.
type refusal struct {
	status int
	text   string // one of a few fixed ones
}

type refusalKey struct{}

// refused says what the server would have, and to whoever's cookies or address
// were too large, who is a person, in a page.
func refused(w http.ResponseWriter, r *http.Request) error {
	said, _ := r.Context().Value(refusalKey{}).(refusal)
	if said.status == http.StatusRequestHeaderFieldsTooLarge {
		return errLargeHeader
	}
	observed(r.Context()).err = fmt.Errorf("%w: %s", errRefusedUnread, said.text)
	return plain(w, said.status, said.text)
}

// parseRefusal reads what the server writes to a connection where no handler has
// the request; ok where that is a whole answer, an error, and its last.
func parseRefusal(written []byte) (said refusal, ok bool) {
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(written)), nil)
	if err != nil || res.StatusCode < http.StatusBadRequest || !res.Close {
		return refusal{}, false
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return refusal{}, false
	}
	if len(text) == 0 {
		text = []byte(res.Status)
	}
	return refusal{res.StatusCode, string(text)}, true
}

// answerOf returns the whole answer of h to a refusal. The server asks for it
// where nothing recovers: a panic of h is an error, and the server's own words
// will do.
func (said refusal) answerOf(h http.Handler, conn net.Conn) (whole []byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			whole, err = nil, fmt.Errorf("%w: panic in a handler", errInternal)
		}
	}()
	r := &http.Request{
		URL: &url.URL{}, Header: http.Header{}, Body: http.NoBody,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: conn.RemoteAddr().String(),
	}
	w := &kept{status: said.status, header: http.Header{}}
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
