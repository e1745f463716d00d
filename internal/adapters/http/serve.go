package http

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
	// maxHeaders bounds a request's headers in bytes: the callback's URL and
	// all cookies are well below.
	maxHeaders = 32 << 10
	// stopPatience is how long requests in flight may take to finish.
	stopPatience = 10 * time.Second
)

// NewServer returns a server for h with every time, size and number limit set.
// The answer may take as long as the slowest page: one that waits for the
// provider and its retry. Open connections are bounded in all, and for each
// address but those of proxies, which bring the connections of many people.
func NewServer(h http.Handler, logger *slog.Logger, proxies ...netip.Prefix) *http.Server {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       90 * time.Second,
		MaxHeaderBytes:    maxHeaders, // it reads 4 kB more, and limitParts refuses those with a page
		// OPTIONS * is a request like any other: its answer has our headers.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	newConnections(processBounds(), proxies, logger).guard(server)
	return server
}

// Serve answers requests on l until ctx ends, then lets those in flight finish
// within ten seconds. A stop by ctx is no error.
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
