package main

import (
	"cmp"
	"errors"
	"net/url"
	"strings"

	"webapp/internal/adapters/observe"
)

// checkTracing reads OpenTelemetry's variables as its specification has them.
// Without an endpoint there are no traces; the default endpoint of the
// specification would send everybody's to this machine.
func (s *settings) checkTracing(found *problems) {
	endpoint := s.tracesEndpoint(found)
	off := strings.EqualFold(s.OTelDisabled, "true") || s.OTelExporter == "none"
	if endpoint == "" || off {
		return
	}
	protocol := cmp.Or(s.OTLPTracesProtocol, s.OTLPProtocol, "http/protobuf")
	if protocol != "http/protobuf" && protocol != "http/json" {
		found.add("OTEL_EXPORTER_OTLP_PROTOCOL", "is not one that this application speaks",
			"Use http/protobuf or http/json, and the collector's port for it, usually 4318.")
	}
	if s.OTelExporter != "" && s.OTelExporter != "otlp" {
		found.add("OTEL_TRACES_EXPORTER", "is not one that this application has", "Use otlp or none.")
	}
	headers, ok := parseHeaders(cmp.Or(s.OTLPTracesHeaders, s.OTLPHeaders))
	if !ok {
		found.add("OTEL_EXPORTER_OTLP_HEADERS", "is not a list of headers", "Write name=value, separated by commas, values percent-encoded.")
	}
	sampler, err := observe.ParseSampler(s.OTelSampler, s.OTelSamplerArg)
	switch {
	case errors.Is(err, observe.ErrSampler):
		found.add("OTEL_TRACES_SAMPLER", "is not a sampler that this application knows",
			"Use always_on, always_off, traceidratio, or one of these with parentbased_ in front.")
	case err != nil:
		found.add("OTEL_TRACES_SAMPLER_ARG", "is not a number from 0 to 1", "Write it like 0.1 for one trace in ten.")
	}
	s.tracing = &observe.TracerConfig{
		Endpoint: endpoint, JSON: protocol == "http/json", Headers: headers, Service: s.OTelService, Sampler: sampler,
	}
}

// tracesEndpoint is where traces are posted to: one variable names the
// endpoint itself, the other that of all signals.
func (s *settings) tracesEndpoint(found *problems) string {
	name, endpoint := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", s.OTLPTracesEndpoint
	if endpoint == "" && s.OTLPEndpoint != "" {
		name, endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT", strings.TrimSuffix(s.OTLPEndpoint, "/")+"/v1/traces"
	}
	if endpoint == "" {
		return ""
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "http" && u.Scheme != "https") {
		found.add(name, "is not a plain http or https URL", "Write it like http://localhost:4318; keys go into OTEL_EXPORTER_OTLP_HEADERS.")
	}
	return endpoint
}

// parseHeaders reads name=value pairs, separated by commas, with percent-encoded
// values (W3C Baggage without properties).
func parseHeaders(text string) (map[string]string, bool) {
	headers := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, encoded, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(encoded))
		name = strings.TrimSpace(name)
		broken := strings.ContainsFunc(name+value, func(r rune) bool { return r < ' ' || r == 0x7f })
		if !ok || err != nil || name == "" || broken || strings.ContainsAny(name, " :\"(),/;<>?@[]{}\\") {
			return nil, false
		}
		headers[name] = value
	}
	return headers, true
}
