package observe

import (
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// resourceSpans converts spans to OTLP. All spans of a Tracer have the same resource
// and scope, and none has events or links. id returns an ID as the encoding needs it,
// from its bytes and its text in hex.
func resourceSpans(spans []sdktrace.ReadOnlySpan, id func(id []byte, hex string) []byte) []*tracepb.ResourceSpans {
	if len(spans) == 0 {
		return nil
	}
	scope := &tracepb.ScopeSpans{Scope: &commonpb.InstrumentationScope{Name: spans[0].InstrumentationScope().Name}}
	for _, s := range spans {
		scope.Spans = append(scope.Spans, otlpSpan(s, id))
	}
	resource := spans[0].Resource()
	return []*tracepb.ResourceSpans{{
		Resource:   &resourcepb.Resource{Attributes: otlpAttributes(resource.Attributes())},
		SchemaUrl:  resource.SchemaURL(),
		ScopeSpans: []*tracepb.ScopeSpans{scope},
	}}
}

func otlpSpan(s sdktrace.ReadOnlySpan, id func(id []byte, hex string) []byte) *tracepb.Span {
	c, parent := s.SpanContext(), s.Parent()
	trace, span := c.TraceID(), c.SpanID()
	flags := uint32(c.TraceFlags()) | uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	if parent.IsRemote() {
		flags |= uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	}
	status := &tracepb.Status{Message: s.Status().Description}
	switch s.Status().Code {
	case codes.Ok:
		status.Code = tracepb.Status_STATUS_CODE_OK
	case codes.Error:
		status.Code = tracepb.Status_STATUS_CODE_ERROR
	}
	converted := &tracepb.Span{
		TraceId:                id(trace[:], trace.String()),
		SpanId:                 id(span[:], span.String()),
		TraceState:             c.TraceState().String(),
		Flags:                  flags,
		Name:                   s.Name(),
		Kind:                   tracepb.Span_SpanKind(s.SpanKind()), // both count alike, from internal = 1
		StartTimeUnixNano:      uint64(s.StartTime().UnixNano()),
		EndTimeUnixNano:        uint64(s.EndTime().UnixNano()),
		Attributes:             otlpAttributes(s.Attributes()),
		DroppedAttributesCount: uint32(s.DroppedAttributes()),
		Status:                 status,
	}
	if parent.HasSpanID() {
		of := parent.SpanID()
		converted.ParentSpanId = id(of[:], of.String())
	}
	return converted
}

func otlpAttributes(attributes []attribute.KeyValue) []*commonpb.KeyValue {
	converted := make([]*commonpb.KeyValue, 0, len(attributes))
	for _, a := range attributes {
		value := &commonpb.AnyValue{}
		if a.Value.Type() == attribute.INT64 {
			value.Value = &commonpb.AnyValue_IntValue{IntValue: a.Value.AsInt64()}
		} else {
			value.Value = &commonpb.AnyValue_StringValue{StringValue: a.Value.Emit()}
		}
		converted = append(converted, &commonpb.KeyValue{Key: string(a.Key), Value: value})
	}
	return converted
}
