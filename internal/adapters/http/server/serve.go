package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

const (
	// MaxHeader limits a request's header, with its request line, in bytes. The
	// callback's URL and all cookies together are well below. net/http accepts 4 kB
	// more and then responds with 431 (RFC 6585, section 5). The handler has to
	// respond with 431 between the two limits.
	MaxHeader = 32 << 10
	// StopTimeout limits how long Serve waits for requests in flight.
	StopTimeout = 10 * time.Second
)

// New returns a server for h with all limits set. A response may take as long as
// the slowest page, which waits for the provider and one retry. Open connections
// are limited in total and per address. Addresses in proxies have no limit of
// their own, because a proxy carries the connections of many people. The logger
// gets a warning when a limit is reached, at most once a minute.
//
// Run the server with Serve. Otherwise the memory limit includes a request only
// after a handler has received it, and RefusalHandler is not used.
func New(h http.Handler, logger *slog.Logger, proxies ...netip.Prefix) *http.Server {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    MaxHeader,
		// The handler responds to "OPTIONS *" too, with our headers.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	newConnections(processBounds(), proxies, logger).guard(server)
	return server
}

// Bound limits the open connections of a server that New has not created. At the
// limit it closes the connection that has kept the server waiting the longest.
func Bound(server *http.Server, connections int, logger *slog.Logger) {
	newConnections(bounds{connections: connections, perAddress: connections}, nil, logger).guard(server)
}

// Serve serves requests on l until ctx ends. It then waits up to ten seconds for
// requests in flight and closes the connections that are left. It returns nil
// after a stop by ctx, and otherwise the listener's error.
func Serve(ctx context.Context, server *http.Server, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(trackedListener{l}) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopTimeout)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		_ = server.Close()
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("stop: %w", err)
		}
	}
	return nil
}
