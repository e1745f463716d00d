package observe

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Names and attributes follow OpenTelemetry's semantic conventions, without
// personal data: no client address, path, query or user agent.

// Request starts the span of a request. It returns the context to serve the request
// with, and a function that ends the span. The span joins the caller's trace (W3C
// Trace Context) only if trusted is true, which means that the caller is one of
// our own proxies.
func (t *Tracer) Request(r *http.Request, trusted bool) (ctx context.Context, end func(route string, status int)) {
	ctx = r.Context()
	if trusted {
		ctx = t.incoming.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	method := spanMethod(r.Method)
	ctx, span := t.tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", method), attribute.String("webapp.request_id", t.requestID(ctx))))
	return ctx, func(route string, status int) {
		if route != "" {
			span.SetName(method + " " + route)
			span.SetAttributes(attribute.String("http.route", route))
		}
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// providerSpan starts the span of a call to the provider. It sends no traceparent,
// because the provider does not take part in our traces.
func (t *Tracer) providerSpan(req *http.Request, endpoint string) (context.Context, trace.Span) {
	method := spanMethod(req.Method)
	return t.tracer.Start(req.Context(), method+" "+endpoint, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("http.request.method", method),
			attribute.String("server.address", req.URL.Hostname()), attribute.String("webapp.endpoint", endpoint)))
}

func endProviderSpan(span trace.Span, status int, outcome string) {
	if status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
	if outcome != "2xx" && outcome != "3xx" {
		span.SetAttributes(attribute.String("error.type", outcome))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// storeSpan starts the span of a store operation. It leaves out the record's key.
func (t *Tracer) storeSpan(ctx context.Context, op operation) (context.Context, trace.Span) {
	return t.tracer.Start(ctx, "session store "+op.String(), trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.operation.name", op.String())))
}

func endStoreSpan(span trace.Span, o outcome) {
	if o != answered {
		span.SetAttributes(attribute.String("error.type", o.String()))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

func spanMethod(method string) string {
	if knownMethod(method) {
		return method
	}
	return "_OTHER"
}
