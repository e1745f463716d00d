package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"webapp/internal/adapters/entra"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/http/server"
	"webapp/internal/adapters/observe"
	"webapp/internal/adapters/session"
	"webapp/internal/domain"
	"webapp/internal/ports"
)

// watching is how the program is watched. What is off is nil.
type watching struct {
	audit   ports.AuditLog
	metrics *observe.Metrics
	tracer  *observe.Tracer
}

// watch makes what METRICS_ADDR and the OTEL_ variables ask for. The audit log
// is always there.
func (s *settings) watch(p parts) (watching, error) {
	var w watching
	if s.MetricsAddr != "" {
		w.metrics = observe.NewMetrics(buildVersion(), p.now)
		w.metrics.ExpectReasons(domain.AuditReasons())
		if counter, ok := p.store.(ports.SessionCounter); ok {
			w.metrics.WatchSessions(func(ctx context.Context) (int, error) {
				// The records of those that have run out stay for a while.
				return counter.IndexedRecords(ctx, session.ExpiredRetention)
			})
		}
	}
	if s.tracing != nil {
		c := *s.tracing
		c.Version, c.RequestID, c.Logger = buildVersion(), webhttp.RequestID, p.logger
		var err error
		if w.tracer, err = observe.NewTracer(context.Background(), c); err != nil {
			return watching{}, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
		}
	}
	w.audit = observe.Audit(observe.NewAuditLog(cmp.Or(p.audit, p.logger), webhttp.RequestID), w.metrics)
	return w, nil
}

// provider carries the calls of the identity provider by base, or over the
// network. Waiting for a turn is no part of what is measured of a call.
func (w watching) provider(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = entra.DefaultTransport()
	}
	limited := webhttp.LimitCalls(observe.Transport(base, endpointOf, w.metrics, w.tracer), webhttp.MaxCalls)
	return w.metrics.CountRefused(limited, webhttp.ErrTooManyCalls)
}

// handler adds what the HTTP adapter is to tell.
func (w watching) handler(c webhttp.Config) webhttp.Config {
	if w.metrics != nil {
		c.Answered = w.metrics.Request
	}
	if w.tracer != nil {
		c.Trace = w.tracer.Request
	}
	if w.metrics != nil || w.tracer != nil {
		c.APITransport = observe.Transport(webhttp.NewAPITransport(), func(context.Context) string { return "api" }, w.metrics, w.tracer)
	}
	return c
}

// serveMetrics answers scrapes on METRICS_ADDR until ctx ends or stop is
// called, which waits for the last one.
func (s *settings) serveMetrics(ctx context.Context, m *observe.Metrics, logger *slog.Logger) (stop func(), err error) {
	if m == nil {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", s.MetricsAddr)
	if err != nil {
		return nil, fmt.Errorf("webapp cannot listen on its METRICS_ADDR: %w.\n"+
			"    Is another program using the port? Stop it, or set METRICS_ADDR to another port, or to nothing for no metrics", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(ctx, m.NewServer(logger), listener); err != nil {
			logger.Error("metrics are no longer served", "err", err)
		}
	}()
	logger.Info("metrics are served", "address", listener.Addr().String())
	return func() { cancel(); <-done }, nil
}

// lastTraces bounds the wait for a collector at the end.
const lastTraces = time.Second

// close sends the traces that are left.
func (w watching) close(ctx context.Context, logger *slog.Logger) {
	if w.tracer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTraces)
	defer cancel()
	if err := w.tracer.Close(ctx); err != nil {
		logger.Warn("traces", "err", err)
	}
}
