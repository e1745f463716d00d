package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/http/server"
	"webapp/internal/providerhttp"
)

// serve runs the application until ctx ends.
func serve(ctx context.Context, c config.Config, stdout, stderr io.Writer) error {
	logger := c.Logger(stderr)
	for _, h := range c.Hints {
		logger.Warn("configuration: "+h.Name+" "+h.Wrong, "remedy", h.Remedy)
	}
	listener, err := listen(c.ListenAddr)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	if c.Demo {
		stop, err := startDemo(&c, listener)
		if err != nil {
			return err
		}
		defer stop()
	}
	keyFile, err := c.OpenSessionKeyFile(providerhttp.Pause, logger)
	if err != nil {
		return fmt.Errorf("webapp cannot start: %w", err)
	}
	store, err := newStore(ctx, c, time.Now, logger)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	app, err := wire(c, deps{
		now:    time.Now,
		store:  store,
		logger: logger,
		audit:  c.AuditLogger(stderr),
		mounts: mounts(c),
	})
	if err != nil {
		return fmt.Errorf("webapp cannot start: %w", err)
	}
	defer app.telemetry.close(ctx, logger)
	stopMetrics, err := serveMetrics(ctx, c.MetricsAddr, app.telemetry.metrics, logger)
	if err != nil {
		return err
	}
	defer stopMetrics()
	go app.warmUp(ctx)
	if keyFile != nil {
		go watchSessionKeys(ctx, keyFile.Get, c.SessionKeys, app.useSessionKeys, time.Tick(keyFileInterval), logger)
	}
	go watchExpiry(ctx, app.credentialExpiry, time.Now, time.Tick(24*time.Hour), logger)
	announce(c, stdout, listener.Addr())
	if c.LogFormat == "json" { // for the program that reads the log, which does not see stdout
		logger.Info("ready", "addr", listener.Addr().String(), "origin", c.Origin(), "version", buildVersion())
	}
	go reserveHeap(ctx)
	limit, cancel := stopLimit(ctx)
	defer cancel()
	err = server.Serve(ctx, server.New(app.handler, logger, c.Proxies...), listener)
	app.finishRevocations(limit)
	return err
}

// heapReserve is the size of a block of memory that is allocated and never written, so
// it takes no RAM. The garbage collector counts it as used memory and starts less often.
// Go has no setting for a smallest heap, and with few sessions the heap is so small that
// the collector would take a sixth of the CPU time of a page.
const heapReserve = 8 << 20

// reserveHeap keeps the block until ctx ends. It begins after a second, because the
// allocation starts the collector, which would delay the first page.
func reserveHeap(ctx context.Context) {
	if providerhttp.Pause(ctx, time.Second) != nil {
		return
	}
	var reserve strings.Builder
	reserve.Grow(heapReserve) // make would write zeros into memory that was used before
	<-ctx.Done()
	runtime.KeepAlive(&reserve)
}

// stopLimit returns a context that ends server.StopTimeout after ctx, when the program
// has to exit.
func stopLimit(ctx context.Context) (context.Context, context.CancelFunc) {
	limit, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(server.StopTimeout, cancel) })
	return limit, cancel
}

// listen opens the address in LISTEN_ADDR.
func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err == nil {
		return listener, nil
	}
	remedy := "Write it like localhost:3000, with an address of this machine and a port up to 65535"
	if portTaken(err) {
		remedy = "Another program uses the port. Stop that program, or set LISTEN_ADDR and REDIRECT_URI to another port"
	}
	return nil, fmt.Errorf("webapp cannot listen on its LISTEN_ADDR: %w.\n    %s", err, remedy)
}

// portTaken reports whether another program listens on the port. Windows reports
// WSAEADDRINUSE, which differs from its syscall.EADDRINUSE.
func portTaken(err error) bool {
	const wsaeAddrInUse = syscall.Errno(10048)
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaeAddrInUse)
}

// announce prints the address to open, for the person who started the program.
func announce(c config.Config, w io.Writer, listening net.Addr) {
	if c.Demo {
		_, _ = fmt.Fprintln(w, "This is a demo: the accounts and the identity provider are made up, and only this machine can reach them.")
	}
	open := "Open " + c.AddressToOpen(listening) + " in a browser"
	if c.HTTPS() {
		open += ", through the proxy that adds https"
	}
	_, _ = fmt.Fprintf(w, "webapp %s is ready and listens on %s. %s; stop with Ctrl+C.\n", buildVersion(), listening, open)
}

// keyFileInterval is the time between two reads of SESSION_KEY_FILE. A new version is in
// use within five seconds.
const keyFileInterval = 2 * time.Second

// watchSessionKeys calls read at each tick, and use with each new list of session keys,
// until ctx ends. inUse are the current keys.
func watchSessionKeys(ctx context.Context, read func(context.Context) [][]byte, inUse [][]byte, use func([][]byte) error, tick <-chan time.Time, logger *slog.Logger) {
	for {
		if keys := read(ctx); !slices.EqualFunc(keys, inUse, bytes.Equal) {
			if err := use(keys); err != nil { // never for keys that the configuration accepts
				logger.Error("the new list of session keys is not in use", "err", err)
			}
			inUse = keys
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}

// A credential that ends within these days is logged as a warning or an error.
const (
	expiryWarnDays  = 30
	expiryErrorDays = 7
)

// watchExpiry logs when the credential ends, at once and at each tick, until ctx
// ends. It logs nothing while the end is unknown, or if the credential renews
// itself.
func watchExpiry(ctx context.Context, expiry func() (time.Time, bool), now func() time.Time, tick <-chan time.Time, logger *slog.Logger) {
	for {
		if end, known := expiry(); known {
			logExpiry(ctx, daysUntil(end, now()), end, logger)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
	}
}

// daysUntil returns the number of whole days until end. It is negative after end.
func daysUntil(end, now time.Time) int {
	left := end.Sub(now)
	days := int(left / (24 * time.Hour))
	if left < 0 {
		days--
	}
	return days
}

func logExpiry(ctx context.Context, days int, end time.Time, logger *slog.Logger) {
	const remedy = ": create a new one and replace the old one"
	level, text := slog.LevelInfo, "the application's credential at the provider is valid"
	switch {
	case days < 0:
		level, text = slog.LevelError, "the application's credential at the provider has expired, so nobody can sign in"+remedy
	case days <= expiryErrorDays:
		level, text = slog.LevelError, "the application's credential at the provider expires in a few days, and then nobody can sign in"+remedy
	case days <= expiryWarnDays:
		level, text = slog.LevelWarn, "the application's credential at the provider expires soon"+remedy
	}
	logger.Log(ctx, level, text, slog.String("expires", end.UTC().Format(time.DateOnly)), slog.Int("days", days))
}
