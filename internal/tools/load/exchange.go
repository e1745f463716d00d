package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// newRequest is a request as a server makes it.
func newRequest(path, cookie string) *http.Request {
	r := &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: path}, RequestURI: path, Host: "localhost:3000",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, RemoteAddr: "127.0.0.1:50000",
	}
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	return r
}

// response keeps what a load looks at and throws the body away.
type response struct {
	header http.Header
	status int
	size   int
}

func newResponse() *response { return &response{header: make(http.Header, 16)} }

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *response) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.size += len(b)
	return len(b), nil
}

// cookie returns the first cookie that is set as "name=value".
func (w *response) cookie() (string, error) {
	lines := w.header["Set-Cookie"]
	if len(lines) == 0 {
		return "", errors.New("no cookie was set")
	}
	c, err := http.ParseSetCookie(lines[0])
	if err != nil {
		return "", err
	}
	return c.Name + "=" + c.Value, nil
}

// get asks a handler for a page, without a network.
func get(h http.Handler, r *http.Request) error {
	w := newResponse()
	h.ServeHTTP(w, r)
	if w.status != http.StatusOK || w.size == 0 {
		return fmt.Errorf("%s answered %d with %d bytes", r.URL.Path, w.status, w.size)
	}
	return nil
}
