package observe

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TracerConfig says where traces go, and which. Its fields are the values of
// OpenTelemetry's variables of the same meaning; what is not here, the
// exporter reads from the process's environment itself.
type TracerConfig struct {
	// Endpoint is the whole URL that spans are posted to (OTLP over HTTP).
	Endpoint string
	// JSON posts them as JSON and not as Protobuf.
	JSON bool
	// Headers go with each post. They can hold a key of the collector.
	Headers map[string]string
	// Service and Version name the program. An empty Service is "webapp", or
	// what OTEL_RESOURCE_ATTRIBUTES says.
	Service, Version string
	// Sampler decides which traces are kept; nil keeps those that a trusted
	// caller keeps, and all that begin here.
	Sampler sdktrace.Sampler
	// RequestID returns the ID of the request that a context belongs to.
	RequestID func(context.Context) string
	// Logger learns when the collector cannot be reached, and when it can be
	// again.
	Logger *slog.Logger
}

// Tracer makes spans and sends them to a collector in the background. It is
// safe for concurrent use.
type Tracer struct {
	provider  *sdktrace.TracerProvider
	tracer    trace.Tracer
	incoming  propagation.TraceContext
	requestID func(context.Context) string
}

// NewTracer returns a Tracer. It does not touch the network: the collector may
// be down, and spans are dropped while it is.
func NewTracer(ctx context.Context, c TracerConfig) (*Tracer, error) {
	options := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(c.Endpoint)}
	if len(c.Headers) > 0 {
		options = append(options, otlptracehttp.WithHeaders(c.Headers))
	}
	encoding := otlptracehttp.EncodingProtobuf
	if c.JSON {
		encoding = otlptracehttp.EncodingJSON
	}
	options = append(options, otlptracehttp.WithEncoding(encoding))
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		// Its text may quote what it was given.
		return nil, fmt.Errorf("the exporter of traces cannot be made (%T)", err)
	}
	about, err := describe(c)
	if err != nil {
		return nil, fmt.Errorf("the description of the service: %w", err)
	}
	if c.Sampler == nil {
		c.Sampler = sdktrace.ParentBased(sdktrace.AlwaysSample())
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&reporter{SpanExporter: exporter, logger: c.Logger}),
		sdktrace.WithResource(about), sdktrace.WithSampler(c.Sampler))
	return &Tracer{provider: provider, tracer: provider.Tracer("webapp"), requestID: c.RequestID}, nil
}

// describe is what every span says of its process: name and version, and what
// OTEL_RESOURCE_ATTRIBUTES adds. Host and user are not asked for.
func describe(c TracerConfig) (*resource.Resource, error) {
	base := resource.NewSchemaless(attribute.String("service.name", "webapp"), attribute.String("service.version", c.Version))
	about, err := resource.Merge(base, resource.Environment())
	if err != nil || c.Service == "" {
		return about, err
	}
	return resource.Merge(about, resource.NewSchemaless(attribute.String("service.name", c.Service)))
}

// Close sends what is left, for as long as ctx allows.
func (t *Tracer) Close(ctx context.Context) error {
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("the last traces were not sent (%T)", err)
	}
	return nil
}

// reporter tells the log when exports begin to fail, and when they go well
// again. The errors stay here: they quote addresses and the collector's words,
// and the SDK would print them past the log.
type reporter struct {
	sdktrace.SpanExporter
	logger  *slog.Logger
	failing atomic.Bool
}

// ExportSpans implements sdktrace.SpanExporter.
func (r *reporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := r.SpanExporter.ExportSpans(ctx, spans)
	switch failed := err != nil; {
	case failed && !r.failing.Swap(true):
		r.logger.Warn("traces cannot be sent to the collector and are dropped; is OTEL_EXPORTER_OTLP_ENDPOINT right, and the collector up?")
	case !failed && r.failing.Swap(false):
		r.logger.Info("traces are sent to the collector again")
	}
	return nil
}
