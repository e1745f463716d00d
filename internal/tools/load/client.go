package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"webapp/internal/adapters/http/server"
)

// client requests pages over one persistent connection. It does as little work as
// possible, so that its own cost does not hide the differences between handlers.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

// dial connects the i-th client.
func dial(i int, addr string) (*client, error) {
	conn, err := dialFrom(i, addr)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReaderSize(conn, 64<<10)}, nil
}

func (c *client) close() { _ = c.conn.Close() }

// requestLines returns a request as bytes.
func requestLines(path, cookie string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: localhost:3000\r\nAccept: text/html\r\nAccept-Language: en\r\nCookie: " + cookie + "\r\n\r\n")
}

// patience bounds one page.
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
	empty := bytes.HasPrefix(line, []byte("HTTP/1.1 204 "))
	if !empty && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("a page returned %q", bytes.TrimSpace(line))
	}
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
	name := []byte("Content-Length: ")
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return size, nil
		}
		if value, ok := bytes.CutPrefix(line, name); ok {
			if size, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
	}
}

// serveBare serves h with net/http's default server, and serveOurs with the
// application's. Both listen on 127.0.0.1.
func serveBare(h http.Handler) (addr string, stop func(), err error) {
	return serve(&http.Server{Handler: h, ReadHeaderTimeout: patience}, (*http.Server).Serve)
}

func serveOurs(a *application) (addr string, stop func(), err error) {
	return serve(server.New(a.handler, a.config.Logger), func(srv *http.Server, l net.Listener) error {
		return server.Serve(context.Background(), srv, l)
	})
}

func serve(srv *http.Server, accept func(*http.Server, net.Listener) error) (addr string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() { _ = accept(srv, listener) }()
	return listener.Addr().String(), func() { _ = srv.Close() }, nil
}

// sources is the number of client addresses, because the application limits each
// address.
const sources = 1000

// sourceIP returns the loopback address of the i-th client.
func sourceIP(i int) net.IP {
	i %= sources
	return net.IPv4(127, 1, byte(i/250), byte(1+i%250))
}

// sourceAddr returns the address of the i-th client in the form of
// http.Request.RemoteAddr.
func sourceAddr(i int) string { return fmt.Sprintf("%v:50000", sourceIP(i)) }

// dialerFrom returns a dial function for the i-th client. If the system has only one
// loopback address (all except Linux), all clients use that one.
func dialerFrom(i int) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		own := net.Dialer{LocalAddr: &net.TCPAddr{IP: sourceIP(i)}, Timeout: patience}
		conn, err := own.DialContext(ctx, network, addr)
		if err == nil {
			return conn, nil
		}
		shared := net.Dialer{Timeout: patience}
		return shared.DialContext(ctx, network, addr)
	}
}

// dialFrom connects the i-th client.
func dialFrom(i int, addr string) (net.Conn, error) {
	return dialerFrom(i)(context.Background(), "tcp", addr)
}
