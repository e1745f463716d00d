//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"webapp/internal/adapters/http/server"
)

// newRequest returns a request as a server receives it.
func newRequest(path, cookie string) *http.Request {
	r := &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: path}, RequestURI: path, Host: "localhost:3000",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, RemoteAddr: "127.0.0.1:50000",
	}
	r.Header.Set("Accept-Language", "en")
	if cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	return r
}

// response keeps the header and the size of the body.
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

// get requests a page from a handler without a network.
func get(h http.Handler, r *http.Request) error {
	w := newResponse()
	h.ServeHTTP(w, r)
	if w.status != http.StatusOK || w.size == 0 {
		return fmt.Errorf("%s returned %d with %d bytes", r.URL.Path, w.status, w.size)
	}
	return nil
}

// serve serves h on 127.0.0.1 with net/http's default server.
func serve(h http.Handler) (addr string, stop func(), err error) {
	return listen(&http.Server{Handler: h, ReadHeaderTimeout: patience}, (*http.Server).Serve)
}

// serve serves the application on 127.0.0.1 with its own server.
func (a *application) serve() (addr string, stop func(), err error) {
	return listen(server.New(a.handler, a.config.Logger), func(srv *http.Server, l net.Listener) error {
		return server.Serve(context.Background(), srv, l)
	})
}

func listen(srv *http.Server, accept func(*http.Server, net.Listener) error) (addr string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() { _ = accept(srv, listener) }()
	return listener.Addr().String(), func() { _ = srv.Close() }, nil
}

// connections is the number of concurrent requests over loopback.
const connections = 8

// crowd requests pages over several persistent connections. Each connection sends
// the next request when it has received the last response.
type crowd struct {
	clients  []*client
	requests [][]byte
	next     atomic.Int64
}

func newCrowd(addr string, requests ...[]byte) (*crowd, error) {
	c := &crowd{requests: requests}
	for range connections {
		conn, err := net.DialTimeout("tcp", addr, patience)
		if err != nil {
			c.close()
			return nil, err
		}
		c.clients = append(c.clients, &client{conn, bufio.NewReaderSize(conn, 64<<10)})
	}
	return c, nil
}

func (c *crowd) close() {
	for _, one := range c.clients {
		_ = one.conn.Close()
	}
}

// during requests pages for d and returns their number.
func (c *crowd) during(d time.Duration) (int, error) {
	var count atomic.Int64
	errs := make([]error, len(c.clients))
	end := time.Now().Add(d)
	var all sync.WaitGroup
	for i, one := range c.clients {
		all.Go(func() {
			for errs[i] == nil && time.Now().Before(end) {
				next := int(c.next.Add(1))
				errs[i] = one.get(c.requests[next%len(c.requests)])
				count.Add(1)
			}
		})
	}
	all.Wait()
	return int(count.Load()), errors.Join(errs...)
}

// perSecond returns a function for alternate: the pages per second during d.
func (c *crowd) perSecond(d time.Duration) func() (float64, error) {
	return func() (float64, error) {
		began := time.Now()
		count, err := c.during(d)
		return float64(count) / time.Since(began).Seconds(), err
	}
}

// client has one connection. It does as little work as possible, so that its own
// cost does not hide the differences between servers.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

// pageLines returns a request as bytes.
func pageLines(path, cookie string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: localhost:3000\r\nAccept: text/html\r\nAccept-Language: en\r\nCookie: " + cookie + "\r\n\r\n")
}

// patience bounds one request.
const patience = 30 * time.Second

// get sends a request and reads the whole response.
func (c *client) get(request []byte) error {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 20")) {
		return fmt.Errorf("a page returned %q", bytes.TrimSpace(line))
	}
	empty := bytes.HasPrefix(line, []byte("HTTP/1.1 202 ")) || bytes.HasPrefix(line, []byte("HTTP/1.1 204 "))
	size, err := c.skipHeader()
	if err != nil || empty {
		return err
	}
	if size <= 0 {
		return errors.New("a page is empty, or of unknown length")
	}
	_, err = c.in.Discard(size)
	return err
}

// skipHeader reads the header and returns Content-Length.
func (c *client) skipHeader() (size int, err error) {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return size, nil
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if size, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
	}
}
