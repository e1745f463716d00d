package server_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/http/server"
)

// pipeListener gives a server connections within the process, because synctest
// controls the time of these only.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{make(chan net.Conn), make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { close(l.done); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// get sends a request and returns its error, or nil.
func (l *pipeListener) get() <-chan error {
	ended := make(chan error, 1)
	go func() {
		client, server := net.Pipe()
		l.conns <- server
		_, err := io.WriteString(client, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if err == nil {
			var res *http.Response
			if res, err = http.ReadResponse(bufio.NewReader(client), nil); err == nil {
				err = res.Body.Close()
			}
		}
		ended <- errors.Join(err, client.Close())
	}()
	return ended
}

// stopDuring stops a server whose handler takes the given time. It returns how
// long the stop took and the error of the request.
func stopDuring(t *testing.T, handling time.Duration) (took time.Duration, request error) {
	t.Helper()
	l := newPipeListener()
	began := make(chan struct{})
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		select {
		case <-time.After(handling):
		case <-r.Context().Done():
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, server.New(handler, slog.New(slog.DiscardHandler)), l) }()
	ended := l.get()
	<-began
	start := time.Now()
	stop()
	require.NoError(t, <-served, "a stop is no error")
	return time.Since(start), <-ended
}

// Invariant 14: requests in flight finish, within ten seconds.
func TestAStopWaitsForRequestsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, err := stopDuring(t, 9*time.Second)
		assert.NoError(t, err)
		assert.Less(t, took, 10*time.Second)
	})
}

func TestAStopWaitsNoLongerThanTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, err := stopDuring(t, 30*time.Second)
		assert.Error(t, err, "the connection was closed")
		assert.LessOrEqual(t, took, 11*time.Second)
	})
}
