package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TracerConfig configures a Tracer. Its fields stand for OpenTelemetry's variables
// of the same meaning. The exporter reads all other OTEL_ variables from the
// environment itself.
type TracerConfig struct {
	// Endpoint is the full URL for spans (OTLP over HTTP).
	Endpoint string
	// JSON sends spans as JSON. The default is Protobuf.
	JSON bool
	// Headers are added to each export. They can contain a key of the collector.
	Headers map[string]string
	// Service and Version are service.name and service.version. The default of
	// Service is the value in OTEL_RESOURCE_ATTRIBUTES, or "webapp".
	Service, Version string
	// Sampler selects the traces to export. nil exports all, except those that a
	// trusted caller does not sample.
	Sampler sdktrace.Sampler
	// RequestID returns the request ID of a context.
	RequestID func(context.Context) string
	// Logger gets a message when exports begin to fail, and when they succeed
	// again.
	Logger *slog.Logger
}

// Tracer creates spans and exports them in the background. It is safe for
// concurrent use.
type Tracer struct {
	provider  *sdktrace.TracerProvider
	tracer    trace.Tracer
	incoming  propagation.TraceContext
	requestID func(context.Context) string
}

// NewTracer returns a Tracer. It does not connect to the collector. Spans are
// dropped while the collector is down.
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
		// The error's text can quote the headers.
		return nil, fmt.Errorf("the exporter of traces cannot be created (%T)", err)
	}
	res, err := newResource(c)
	if err != nil {
		return nil, fmt.Errorf("resource attributes: %w", err)
	}
	if c.Sampler == nil {
		c.Sampler = sdktrace.ParentBased(sdktrace.AlwaysSample())
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&loggingExporter{SpanExporter: exporter, logger: c.Logger}),
		sdktrace.WithResource(res), sdktrace.WithSampler(c.Sampler))
	return &Tracer{provider: provider, tracer: provider.Tracer("webapp"), requestID: c.RequestID}, nil
}

// newResource returns the resource of all spans: service name, version and
// OTEL_RESOURCE_ATTRIBUTES, without host and user.
func newResource(c TracerConfig) (*resource.Resource, error) {
	base := resource.NewSchemaless(attribute.String("service.name", "webapp"), attribute.String("service.version", c.Version))
	res, err := resource.Merge(base, resource.Environment())
	if err != nil || c.Service == "" {
		return res, err
	}
	return resource.Merge(res, resource.NewSchemaless(attribute.String("service.name", c.Service)))
}

// Close exports the remaining spans, until ctx ends.
func (t *Tracer) Close(ctx context.Context) error {
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("the last traces were not sent (%T)", err)
	}
	return nil
}

// loggingExporter logs when exports begin to fail and when they succeed again. It
// drops the errors, because they quote addresses and responses of the collector,
// and the SDK would print them beside the log.
type loggingExporter struct {
	sdktrace.SpanExporter
	logger  *slog.Logger
	failing atomic.Bool
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *loggingExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	switch failed := err != nil; {
	case failed && !e.failing.Swap(true):
		e.logger.Warn("traces cannot be sent to the collector and are dropped; is OTEL_EXPORTER_OTLP_ENDPOINT right, and the collector up?")
	case !failed && e.failing.Swap(false):
		e.logger.Info("traces are sent to the collector again")
	}
	return nil
}

var (
	// ErrSampler means that the name is not a sampler of the OpenTelemetry
	// specification.
	ErrSampler = errors.New("unknown sampler")
	// ErrSamplerArg means that the argument is not a number from 0 to 1.
	ErrSamplerArg = errors.New("not a number from 0 to 1")
)

// ParseSampler returns the sampler of OTEL_TRACES_SAMPLER and
// OTEL_TRACES_SAMPLER_ARG, as the OpenTelemetry specification defines them. An
// empty name returns nil, which is the default. The error is ErrSampler or
// ErrSamplerArg.
func ParseSampler(name, arg string) (sdktrace.Sampler, error) {
	share := 1.0
	if arg != "" {
		var err error
		if share, err = strconv.ParseFloat(arg, 64); err != nil || !(share >= 0 && share <= 1) {
			return nil, ErrSamplerArg
		}
	}
	switch name {
	case "":
		return nil, nil
	case "always_on":
		return sdktrace.AlwaysSample(), nil
	case "always_off":
		return sdktrace.NeverSample(), nil
	case "traceidratio":
		return sdktrace.TraceIDRatioBased(share), nil
	case "parentbased_always_on":
		return sdktrace.ParentBased(sdktrace.AlwaysSample()), nil
	case "parentbased_always_off":
		return sdktrace.ParentBased(sdktrace.NeverSample()), nil
	case "parentbased_traceidratio":
		return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(share)), nil
	}
	return nil, ErrSampler
}
