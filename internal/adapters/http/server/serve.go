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
	// MaxHeader bounds a request's header in bytes, its first line included: the
	// callback's URL and all cookies are well below. net/http reads 4 kB more and
	// leaves it to the handler to refuse what is between, as it refuses what is
	// beyond by itself, with 431 (RFC 6585, section 5).
	MaxHeader = 32 << 10
	// stopPatience is how long requests in flight may take to finish.
	stopPatience = 10 * time.Second
)

// New returns a server for h with every time, size and number limit set. The
// answer may take as long as the slowest page: one that waits for the provider
// and its retry. Open connections are bounded in all, and for each address but
// those of proxies, which bring the connections of many people. The logger is
// warned of a bound that is reached, at most once a minute.
//
// Serve is what it is for. Otherwise what a connection has sent before a handler
// begins is not counted, and an h that is a RefusalHandler is not asked.
func New(h http.Handler, logger *slog.Logger, proxies ...netip.Prefix) *http.Server {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    MaxHeader,
		// OPTIONS * is a request like any other: its answer has our headers.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	newConnections(processBounds(), proxies, logger).guard(server)
	return server
}

// Bound keeps a server that New has not made to so many open connections. Beyond
// them it closes the one that it has waited for the longest.
func Bound(server *http.Server, connections int, logger *slog.Logger) {
	newConnections(bounds{connections: connections, perAddress: connections}, nil, logger).guard(server)
}

// Serve answers requests on l until ctx ends, then lets those in flight finish
// within ten seconds. A stop by ctx is no error, nor is what had to be cut off
// then; an error is that of the listener.
func Serve(ctx context.Context, server *http.Server, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(watchedListener{l}) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		_ = server.Close() // what did not finish in time is cut off
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("stop: %w", err)
		}
	}
	return nil
}
