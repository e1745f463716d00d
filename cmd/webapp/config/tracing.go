package config

import (
	"cmp"
	"errors"
	"net/url"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"webapp/internal/adapters/observe"
)

// defaultTraces is where traces go when OTEL_TRACES_EXPORTER asks for them and
// no endpoint is named.
const defaultTraces = "http://localhost:4318/v1/traces"

// checkTracing reads OpenTelemetry's variables as its specification has them, but
// for one thing: with none of them set there are no traces, where the
// specification would send everybody's to this machine.
func (c *Config) checkTracing(found *Problems) {
	if strings.EqualFold(c.OTelDisabled, "true") || c.OTelExporter == "none" {
		return
	}
	if c.OTelExporter != "" && c.OTelExporter != "otlp" {
		found.add("OTEL_TRACES_EXPORTER", "is not an exporter that this application has", "Set it to otlp or none.")
	}
	endpoint := c.tracesEndpoint(found)
	if endpoint == "" && c.OTelExporter == "" {
		return
	}
	protocol := c.checkProtocol(found)
	name, list := ofTraces("HEADERS", c.OTLPTracesHeaders, c.OTLPHeaders)
	headers, ok := parseHeaders(list)
	if !ok {
		found.add(name, "is not a list of headers", "Write name=value, separated by commas, values percent-encoded.")
	}
	c.Tracing = &observe.TracerConfig{
		Endpoint: cmp.Or(endpoint, defaultTraces), JSON: protocol == "http/json", Headers: headers, Service: c.OTelService, Sampler: c.checkSampler(found),
	}
}

// ofTraces returns one of the exporter's variables, which each have a form for
// traces alone that goes first.
func ofTraces(what, traces, all string) (name, value string) {
	if traces != "" {
		return "OTEL_EXPORTER_OTLP_TRACES_" + what, traces
	}
	return "OTEL_EXPORTER_OTLP_" + what, all
}

func (c *Config) checkProtocol(found *Problems) string {
	name, protocol := ofTraces("PROTOCOL", c.OTLPTracesProtocol, c.OTLPProtocol)
	switch protocol {
	case "", "http/protobuf", "http/json":
	case "grpc":
		found.add(name, "is grpc, which this application does not speak",
			"Set it to http/protobuf, and the endpoint to the collector's port for that: usually 4318, where grpc has 4317.")
	default:
		found.add(name, "is not a protocol that this application speaks", "Set it to http/protobuf or http/json; the collector's port for both is usually 4318.")
	}
	return protocol
}

func (c *Config) checkSampler(found *Problems) sdktrace.Sampler {
	sampler, err := observe.ParseSampler(c.OTelSampler, c.OTelSamplerArg)
	switch {
	case errors.Is(err, observe.ErrSampler):
		found.add("OTEL_TRACES_SAMPLER", "is not a sampler that this application knows",
			"Use always_on, always_off, traceidratio, or one of these with parentbased_ in front.")
	case err != nil:
		found.add("OTEL_TRACES_SAMPLER_ARG", "is not a number from 0 to 1", "Write it like 0.1 for one trace in ten.")
	}
	return sampler
}

// tracesEndpoint is where traces are posted to, or "": the variable for traces
// alone names the very URL, the other the one that all signals are below.
func (c *Config) tracesEndpoint(found *Problems) string {
	name, endpoint := ofTraces("ENDPOINT", c.OTLPTracesEndpoint, c.OTLPEndpoint)
	if endpoint == "" {
		return ""
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "http" && u.Scheme != "https") {
		found.add(name, "is not a plain http or https URL", "Write it like http://localhost:4318; keys go into OTEL_EXPORTER_OTLP_HEADERS.")
		return endpoint
	}
	if c.OTLPTracesEndpoint == "" {
		return strings.TrimSuffix(endpoint, "/") + "/v1/traces"
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
