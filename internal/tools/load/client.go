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

// client asks for pages over one kept connection, with as little work of its
// own as can be: what it costs would make every handler look alike.
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

// requestLines are a request as it is sent.
func requestLines(path, cookie string) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: localhost:3000\r\nAccept: text/html\r\nAccept-Language: en\r\nCookie: " + cookie + "\r\n\r\n")
}

// patience bounds one page.
const patience = 30 * time.Second

// get sends a request and reads the whole answer.
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
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("a page answered %q", bytes.TrimSpace(line))
	}
	size, err := c.skipHeader()
	if err != nil {
		return err
	}
	if size <= 0 {
		return errors.New("a page is empty, or of unknown length")
	}
	_, err = c.in.Discard(size)
	return err
}

// skipHeader returns the length of the body.
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

// serveBare serves h as net/http does by itself, serveOurs as the application
// does. Both listen on this machine alone.
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

// sources is how many client addresses a load comes from. The application
// bounds what one address may do; a crowd has many.
const sources = 1000

// sourceIP is the loopback address of the i-th client.
func sourceIP(i int) net.IP {
	i %= sources
	return net.IPv4(127, 1, byte(i/250), byte(1+i%250))
}

// sourceAddr is it as a server's request names it.
func sourceAddr(i int) string { return fmt.Sprintf("%v:50000", sourceIP(i)) }

// dialerFrom connects as the i-th client. Where the system has but one loopback
// address, as others than Linux do, all come from that one.
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

// dialFrom connects as the i-th client.
func dialFrom(i int, addr string) (net.Conn, error) {
	return dialerFrom(i)(context.Background(), "tcp", addr)
}
