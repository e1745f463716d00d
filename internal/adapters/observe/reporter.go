package observe

import (
	"context"
	"log/slog"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

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
