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

// telemetry is the audit log, the metrics and the traces. Metrics and traces are
// nil if they are off.
type telemetry struct {
	audit   ports.AuditLog
	metrics *observe.Metrics
	tracer  *observe.Tracer
}

// newTelemetry makes the audit log, and the metrics and traces that METRICS_ADDR
// and the OTEL_ variables turn on.
func newTelemetry(c config.Config, d deps) (telemetry, error) {
	var t telemetry
	if c.MetricsAddr != "" {
		t.metrics = observe.NewMetrics(buildVersion(), d.now)
		t.metrics.ExpectReasons(domain.AuditReasons())
		if counter, ok := d.store.(ports.SessionCounter); ok {
			t.metrics.WatchSessions(func(ctx context.Context) (int, error) {
				// The store keeps the records of expired sessions for a while.
				return counter.IndexedRecords(ctx, session.ExpiredRetention)
			})
		}
	}
	if c.Tracing != nil {
		tracing := *c.Tracing
		tracing.Version = buildVersion()
		tracing.RequestID = webhttp.RequestID
		tracing.Logger = d.logger
		var err error
		if t.tracer, err = observe.NewTracer(context.Background(), tracing); err != nil {
			return telemetry{}, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
		}
	}
	t.audit = observe.Audit(observe.NewAuditLog(cmp.Or(d.audit, d.logger), webhttp.RequestID), t.metrics)
	return t, nil
}

// providerTransport returns the transport for requests to the identity provider.
// It limits how many are open at once, and measures each one without the time that
// it waits for others. base sends the requests; nil means the network.
func (t telemetry) providerTransport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = providerhttp.NewTransport(providerhttp.DefaultTimeout)
	}
	limited := providerhttp.LimitProviderCalls(observe.Transport(base, providerhttp.EndpointOf, t.metrics, t.tracer))
	return t.metrics.CountRefused(limited, providerhttp.ErrTooManyCalls)
}

// observed returns c with the functions that measure and trace requests.
func (t telemetry) observed(c webhttp.Config) webhttp.Config {
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

// maxMetricsConnections limits the connections to METRICS_ADDR, because each takes
// memory of this process. A scraper needs one.
const maxMetricsConnections = 64

// serveMetrics serves the metrics on METRICS_ADDR until ctx ends or stop is called.
// stop waits for the last request. If m is nil, serveMetrics does nothing.
func serveMetrics(ctx context.Context, addr string, m *observe.Metrics, logger *slog.Logger) (stop func(), err error) {
	if m == nil {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("webapp cannot listen on its METRICS_ADDR: %w.\n"+
			"    If another program uses the port, stop it or set METRICS_ADDR to another port. To turn the metrics off, unset METRICS_ADDR", err)
	}
	metricsServer := m.NewServer(logger)
	server.Bound(metricsServer, maxMetricsConnections, logger)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(ctx, metricsServer, listener); err != nil {
			logger.Error("the metrics listener stopped", "err", err)
		}
	}()
	logger.Info("metrics are served", "address", listener.Addr().String())
	return func() { cancel(); <-done }, nil
}

// lastTraces is the longest time that close waits for the collector.
const lastTraces = time.Second

// close sends the remaining traces.
func (t telemetry) close(ctx context.Context, logger *slog.Logger) {
	if t.tracer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTraces)
	defer cancel()
	if err := t.tracer.Close(ctx); err != nil {
		logger.Warn("the last traces were not sent", "err", err)
	}
}
