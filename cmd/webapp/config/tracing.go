package config

import (
	"cmp"
	"errors"
	"net/url"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"webapp/internal/adapters/observe"
)

// defaultTracesURL is used if OTEL_TRACES_EXPORTER is otlp and no endpoint is set.
const defaultTracesURL = "http://localhost:4318/v1/traces"

// checkTracing reads OpenTelemetry's variables as its specification says, with one
// exception: traces are off if neither an endpoint nor an exporter is set. The
// specification would send them to this machine.
func (c *Config) checkTracing(found *Problems) {
	if strings.EqualFold(c.OTelDisabled, "true") || c.OTelExporter == "none" {
		return
	}
	if c.OTelExporter != "" && c.OTelExporter != "otlp" {
		found.add("OTEL_TRACES_EXPORTER", "is not an exporter of this application", "Set it to otlp or none.")
	}
	endpoint := c.tracesEndpoint(found)
	if endpoint == "" && c.OTelExporter == "" {
		return
	}
	protocol := c.checkProtocol(found)
	name, list := tracesVariable("HEADERS", c.OTLPTracesHeaders, c.OTLPHeaders)
	headers, ok := parseHeaders(list)
	if !ok {
		found.add(name, "is not a list of headers", "Write name=value pairs, separated by commas. Percent-encode the values.")
	}
	c.Tracing = &observe.TracerConfig{
		Endpoint: cmp.Or(endpoint, defaultTracesURL),
		JSON:     protocol == "http/json",
		Headers:  headers,
		Service:  c.OTelService,
		Sampler:  c.checkSampler(found),
	}
}

// tracesVariable returns name and value of one of the exporter's variables. The
// variable for traces overrides the variable for all signals.
func tracesVariable(suffix, traces, all string) (name, value string) {
	if traces != "" {
		return "OTEL_EXPORTER_OTLP_TRACES_" + suffix, traces
	}
	return "OTEL_EXPORTER_OTLP_" + suffix, all
}

func (c *Config) checkProtocol(found *Problems) string {
	name, protocol := tracesVariable("PROTOCOL", c.OTLPTracesProtocol, c.OTLPProtocol)
	switch protocol {
	case "", "http/protobuf", "http/json":
	case "grpc":
		found.add(name, "is grpc, which this application does not support",
			"Set it to http/protobuf, and write the collector's port for http in the endpoint: usually 4318 instead of 4317.")
	default:
		found.add(name, "is not a protocol that this application supports", "Set it to http/protobuf or http/json. The collector's port for both is usually 4318.")
	}
	return protocol
}

func (c *Config) checkSampler(found *Problems) sdktrace.Sampler {
	sampler, err := observe.ParseSampler(c.OTelSampler, c.OTelSamplerArg)
	switch {
	case errors.Is(err, observe.ErrSampler):
		found.add("OTEL_TRACES_SAMPLER", "is not a sampler that this application knows",
			"Use always_on, always_off or traceidratio, or one of these with parentbased_ in front.")
	case err != nil:
		found.add("OTEL_TRACES_SAMPLER_ARG", "is not a number from 0 to 1", "Write it like 0.1 for one trace in ten.")
	}
	return sampler
}

// tracesEndpoint returns the URL that traces are posted to, or "". The variable for
// traces contains the whole URL. The variable for all signals contains it without
// /v1/traces.
func (c *Config) tracesEndpoint(found *Problems) string {
	name, endpoint := tracesVariable("ENDPOINT", c.OTLPTracesEndpoint, c.OTLPEndpoint)
	if endpoint == "" {
		return ""
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "http" && u.Scheme != "https") {
		found.add(name, "is not an http or https URL without user name, query and fragment", "Write it like http://localhost:4318. Put access keys into OTEL_EXPORTER_OTLP_HEADERS.")
		return endpoint
	}
	if c.OTLPTracesEndpoint == "" {
		return strings.TrimSuffix(endpoint, "/") + "/v1/traces"
	}
	return endpoint
}

// parseHeaders parses name=value pairs, separated by commas, with percent-encoded
// values (W3C Baggage without properties). It returns false for a malformed list.
func parseHeaders(text string) (map[string]string, bool) {
	headers := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, encoded, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(encoded))
		name = strings.TrimSpace(name)
		control := strings.ContainsFunc(name+value, func(r rune) bool { return r < ' ' || r == 0x7f })
		if !ok || err != nil || name == "" || control || strings.ContainsAny(name, " :\"(),/;<>?@[]{}\\") {
			return nil, false
		}
		headers[name] = value
	}
	return headers, true
}
