package observe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Transport returns a transport that passes all calls to base, records their
// durations in metrics and creates a span for each. A call ends when its response
// has been read or closed. endpoint returns the short constant name of the endpoint
// that a request's context is for, or "". metrics and tracer can be nil. If both
// are nil, it returns base.
func Transport(base http.RoundTripper, endpoint func(context.Context) string, metrics *Metrics, tracer *Tracer) http.RoundTripper {
	if metrics == nil && tracer == nil {
		return base
	}
	return &transport{base: base, endpoint: endpoint, metrics: metrics, tracer: tracer}
}

// CountRefused returns a transport that counts the calls that base refuses with
// this error. It returns base if m is nil.
func (m *Metrics) CountRefused(base http.RoundTripper, refusal error) http.RoundTripper {
	if m == nil {
		return base
	}
	return &refusals{base, refusal, m}
}

type refusals struct {
	base    http.RoundTripper
	refusal error
	metrics *Metrics
}

// RoundTrip implements http.RoundTripper.
func (r *refusals) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.base.RoundTrip(req)
	if errors.Is(err, r.refusal) {
		r.metrics.refused.Inc()
	}
	return res, err
}

// CloseIdleConnections closes the idle connections of base.
func (r *refusals) CloseIdleConnections() { closeIdle(r.base) }

type transport struct {
	base     http.RoundTripper
	endpoint func(context.Context) string
	metrics  *Metrics
	tracer   *Tracer
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	c := &providerCall{transport: t, endpoint: t.endpoint(req.Context())}
	if c.endpoint == "" {
		c.endpoint = other
	}
	if t.tracer != nil {
		var ctx context.Context
		ctx, c.span = t.tracer.providerSpan(req, c.endpoint)
		req = req.WithContext(ctx)
	}
	if t.metrics != nil {
		c.start = t.metrics.now()
	}
	res, err := t.base.RoundTrip(req)
	if err != nil {
		c.end(0, err)
		return nil, err
	}
	res.Body = &observedBody{ReadCloser: res.Body, call: c, status: res.StatusCode}
	return res, nil
}

// CloseIdleConnections closes the idle connections of base.
func (t *transport) CloseIdleConnections() { closeIdle(t.base) }

func closeIdle(base http.RoundTripper) {
	if c, ok := base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// providerCall is a running call.
type providerCall struct {
	transport *transport
	endpoint  string
	start     time.Time
	span      trace.Span
	once      sync.Once
}

// end records the call. Only the first call of end has an effect.
func (c *providerCall) end(status int, err error) {
	c.once.Do(func() {
		outcome := callOutcome(status, err)
		if m := c.transport.metrics; m != nil {
			m.calls.WithLabelValues(c.endpoint, outcome).Observe(m.now().Sub(c.start).Seconds())
		}
		if c.span != nil {
			endProviderSpan(c.span, status, outcome)
		}
	})
}

func callOutcome(status int, err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return statusClass(status)
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	}
	return "failed"
}

// observedBody ends its call when the body ends, so that the duration of a call
// includes a slow body.
type observedBody struct {
	io.ReadCloser
	call   *providerCall
	status int
}

// Read implements io.Reader.
func (b *observedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		b.call.end(b.status, nil)
	case err != nil:
		b.call.end(b.status, err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *observedBody) Close() error {
	err := b.ReadCloser.Close()
	b.call.end(b.status, nil)
	return err
}
