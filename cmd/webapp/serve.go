package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"webapp/internal/adapters/http/server"
	"webapp/internal/adapters/session/redis"
)

// serve runs the application until ctx ends.
func serve(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	logger := s.newLogger(stderr)
	for _, h := range s.hints {
		logger.Warn("configuration: "+h.name+" "+h.wrong, "remedy", h.remedy)
	}
	listener, err := net.Listen("tcp", s.ListenAddr)
	if err != nil {
		remedy := "Write it like localhost:3000, with an address of this machine and a port up to 65535"
		if errors.Is(err, syscall.EADDRINUSE) {
			remedy = "Another program is using the port. Stop it, or set LISTEN_ADDR (and REDIRECT_URI) to another port"
		}
		return fmt.Errorf("webapp cannot listen on its LISTEN_ADDR: %w.\n    %s", err, remedy)
	}
	defer func() { _ = listener.Close() }()
	if s.demo {
		stop, err := s.startDemo(listener)
		if err != nil {
			return err
		}
		defer stop()
	}
	redis.LogTo(logger)
	store, err := s.openStore(ctx, time.Now)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	app, err := wire(s, parts{now: time.Now, store: store, logger: logger, audit: s.auditLogger(stderr), waysIn: waysIn()})
	if err != nil {
		return fmt.Errorf("webapp cannot start: %w", err)
	}
	defer app.watching.close(ctx, logger)
	stopMetrics, err := s.serveMetrics(ctx, app.watching.metrics, logger)
	if err != nil {
		return err
	}
	defer stopMetrics()
	go app.warmUp(ctx)
	daily := time.NewTicker(24 * time.Hour)
	defer daily.Stop()
	go watchExpiry(ctx, app.credentialExpiry, time.Now, daily.C, logger)
	s.announce(stdout, listener.Addr())
	if s.LogFormat == "json" { // the log is for machines, which do not read stdout
		logger.Info("ready", "addr", listener.Addr().String(), "origin", s.origin(), "version", buildVersion())
	}
	return server.Serve(ctx, server.New(app.handler, logger, s.proxies...), listener)
}

// announce tells the person who started the program where to go.
func (s *settings) announce(w io.Writer, listening net.Addr) {
	if s.demo {
		_, _ = fmt.Fprintln(w, "This is a demo: the accounts and the identity provider are made up, and only this machine can reach them.")
	}
	_, _ = fmt.Fprintf(w, "webapp %s is ready and listens on %s. Open %s in a browser; stop with Ctrl+C.\n",
		buildVersion(), listening, s.origin())
}
