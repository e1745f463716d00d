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

// Transport returns base, watched: each call is timed until its answer has
// been read or closed, and becomes a span. endpoint returns a short constant
// name of what a request's context is about to call, or "". Either of metrics
// and tracer may be nil; where both are, it is base itself.
func Transport(base http.RoundTripper, endpoint func(context.Context) string, metrics *Metrics, tracer *Tracer) http.RoundTripper {
	if metrics == nil && tracer == nil {
		return base
	}
	return &transport{base: base, endpoint: endpoint, metrics: metrics, tracer: tracer}
}

// CountRefused returns base, counting the calls that it refuses with this error.
// It is base itself where m is nil.
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
		r.metrics.crowded.Inc()
	}
	return res, err
}

// CloseIdleConnections lets http.Client close those of base.
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
	res.Body = &watchedBody{ReadCloser: res.Body, call: c, status: res.StatusCode}
	return res, nil
}

// CloseIdleConnections lets http.Client close those of base.
func (t *transport) CloseIdleConnections() { closeIdle(t.base) }

func closeIdle(base http.RoundTripper) {
	if c, ok := base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// providerCall is one call under way.
type providerCall struct {
	transport *transport
	endpoint  string
	start     time.Time
	span      trace.Span
	once      sync.Once
}

// end records the call, the first time it is called.
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

// watchedBody ends its call with the body's end: a provider that drips its
// answer is a slow one.
type watchedBody struct {
	io.ReadCloser
	call   *providerCall
	status int
}

// Read implements io.Reader.
func (b *watchedBody) Read(p []byte) (int, error) {
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
func (b *watchedBody) Close() error {
	err := b.ReadCloser.Close()
	b.call.end(b.status, nil)
	return err
}
