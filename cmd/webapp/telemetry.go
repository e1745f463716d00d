package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"webapp/cmd/webapp/config"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/http/server"
	"webapp/internal/adapters/observe"
	"webapp/internal/adapters/session"
	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// telemetry is the audit log, which is always on, the metrics and the traces. A
// part that is off is nil.
type telemetry struct {
	audit   ports.AuditLog
	metrics *observe.Metrics
	tracer  *observe.Tracer
}

// newTelemetry makes what METRICS_ADDR and the OTEL_ variables ask for.
func newTelemetry(c config.Config, d deps) (telemetry, error) {
	var t telemetry
	if c.MetricsAddr != "" {
		t.metrics = observe.NewMetrics(buildVersion(), d.now)
		t.metrics.ExpectReasons(domain.AuditReasons())
		if counter, ok := d.store.(ports.SessionCounter); ok {
			t.metrics.WatchSessions(func(ctx context.Context) (int, error) {
				// The records of those that have run out stay for a while.
				return counter.IndexedRecords(ctx, session.ExpiredRetention)
			})
		}
	}
	if c.Tracing != nil {
		tracing := *c.Tracing
		tracing.Version, tracing.RequestID, tracing.Logger = buildVersion(), webhttp.RequestID, d.logger
		var err error
		if t.tracer, err = observe.NewTracer(context.Background(), tracing); err != nil {
			return telemetry{}, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
		}
	}
	t.audit = observe.Audit(observe.NewAuditLog(cmp.Or(d.audit, d.logger), webhttp.RequestID), t.metrics)
	return t, nil
}

// provider returns the transport of calls to the identity provider. base carries
// them; nil is the network. The wait for a free place is not measured.
func (t telemetry) provider(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = providerhttp.NewTransport(providerhttp.DefaultTimeout)
	}
	limited := providerhttp.LimitCalls(observe.Transport(base, providerhttp.EndpointOf, t.metrics, t.tracer), providerhttp.MaxCalls)
	return t.metrics.CountRefused(limited, providerhttp.ErrTooManyCalls)
}

// handler adds the functions by which the HTTP adapter reports.
func (t telemetry) handler(c webhttp.Config) webhttp.Config {
	if t.metrics != nil {
		c.OnResponse = t.metrics.Request
	}
	if t.tracer != nil {
		c.Trace = t.tracer.Request
	}
	if t.metrics != nil || t.tracer != nil {
		c.APITransport = observe.Transport(providerhttp.NewAPITransport(), func(context.Context) string { return "api" }, t.metrics, t.tracer)
	}
	return c
}

// maxMetricsConnections bounds the connections of METRICS_ADDR: each takes memory
// of the same process, and a handful of scrapers need one each.
const maxMetricsConnections = 64

// serveMetrics answers scrapes on METRICS_ADDR until ctx ends or stop is
// called, which waits for the last one.
func serveMetrics(ctx context.Context, addr string, m *observe.Metrics, logger *slog.Logger) (stop func(), err error) {
	if m == nil {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("webapp cannot listen on its METRICS_ADDR: %w.\n"+
			"    Is another program using the port? Stop it, or set METRICS_ADDR to another port, or to nothing for no metrics", err)
	}
	scraped := m.NewServer(logger)
	server.Bound(scraped, maxMetricsConnections, logger)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(ctx, scraped, listener); err != nil {
			logger.Error("metrics are no longer served", "err", err)
		}
	}()
	logger.Info("metrics are served", "address", listener.Addr().String())
	return func() { cancel(); <-done }, nil
}

// lastTraces bounds the wait for a collector at the end.
const lastTraces = time.Second

// close sends the traces that are left.
func (t telemetry) close(ctx context.Context, logger *slog.Logger) {
	if t.tracer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTraces)
	defer cancel()
	if err := t.tracer.Close(ctx); err != nil {
		logger.Warn("traces", "err", err)
	}
}
