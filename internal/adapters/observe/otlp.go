package observe

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"webapp/internal/providerhttp"
)

// otlpExporter posts spans to a collector (OTLP over HTTP). OpenTelemetry's own
// exporter, otlptracehttp, would add gRPC and its gateway to the program: 90
// packages that this application does not use.
type otlpExporter struct {
	config TracerConfig
	gzip   bool
	client *http.Client
	pause  func(context.Context, time.Duration) error
}

var _ sdktrace.SpanExporter = (*otlpExporter)(nil)

const (
	otlpTimeout      = 10 * time.Second // for one request; the specification's default
	otlpFirstPause   = time.Second
	otlpLongestPause = 30 * time.Second
	maxOTLPResponse  = 64 << 10 // bytes
	otlpProtobuf     = "application/x-protobuf"
	otlpJSON         = "application/json"
)

// newOTLPExporter returns an exporter. It reads the OTEL_EXPORTER_OTLP_ variables
// that are not in c: COMPRESSION, TIMEOUT, CERTIFICATE, CLIENT_CERTIFICATE and
// CLIENT_KEY. An error names the variable.
func newOTLPExporter(c TracerConfig) (*otlpExporter, error) {
	_, compression := otlpVariable("COMPRESSION")
	timeout := otlpTimeout
	if name, text := otlpVariable("TIMEOUT"); text != "" {
		millis, err := strconv.Atoi(text)
		if err != nil || millis <= 0 || time.Duration(millis) > time.Hour/time.Millisecond {
			return nil, fmt.Errorf("%s is not a number of milliseconds", name)
		}
		timeout = time.Duration(millis) * time.Millisecond
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = maxOTLPResponse
	var err error
	if transport.TLSClientConfig, err = otlpTLS(); err != nil {
		return nil, err
	}
	return &otlpExporter{
		config: c,
		gzip:   compression == "gzip",
		client: &http.Client{
			Transport: transport,
			Timeout:   timeout,
			// A redirect would send the headers, which can contain a key, to another address.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		pause: providerhttp.Pause,
	}, nil
}

// otlpVariable returns name and value of one of the exporter's variables. The
// variable for traces overrides the variable for all signals.
func otlpVariable(suffix string) (name, value string) {
	name = "OTEL_EXPORTER_OTLP_TRACES_" + suffix
	if value = os.Getenv(name); value == "" {
		name = "OTEL_EXPORTER_OTLP_" + suffix
		value = os.Getenv(name)
	}
	return name, value
}

// otlpTLS returns the TLS configuration that the variables describe.
func otlpTLS() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if name, file := otlpVariable("CERTIFICATE"); file != "" {
		pem, err := os.ReadFile(file)
		if c.RootCAs = x509.NewCertPool(); err != nil || !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s is not a file with certificates in PEM", name)
		}
	}
	name, certificate := otlpVariable("CLIENT_CERTIFICATE")
	keyName, key := otlpVariable("CLIENT_KEY")
	if certificate == "" && key == "" {
		return c, nil
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s are not the files of a certificate and its key in PEM", name, keyName)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// ExportSpans implements sdktrace.SpanExporter. It tries again after a status for
// which the specification says so, until ctx ends.
func (e *otlpExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	body, err := e.encode(spans)
	if err != nil {
		return err
	}
	for pause := otlpFirstPause; ; pause = min(2*pause, otlpLongestPause) {
		retryAfter, err := e.post(ctx, body)
		if err == nil || !errors.Is(err, errOTLPBusy) || e.pause(ctx, max(pause, retryAfter)) != nil {
			return err
		}
	}
}

// Shutdown implements sdktrace.SpanExporter.
func (e *otlpExporter) Shutdown(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}

// encode returns the body of an export, in the configured encoding.
func (e *otlpExporter) encode(spans []sdktrace.ReadOnlySpan) ([]byte, error) {
	marshal, id := proto.Marshal, func(id []byte, _ string) []byte { return id }
	if e.config.JSON {
		marshal = protojson.MarshalOptions{UseEnumNumbers: true}.Marshal
		// OTLP's JSON has IDs in hex. The JSON of Protobuf has them in base64, so the IDs
		// become the bytes whose base64 is the ID in hex.
		id = func(_ []byte, hex string) []byte {
			decoded, _ := base64.StdEncoding.DecodeString(hex) // hex of 8 and 16 bytes always is base64
			return decoded
		}
	}
	body, err := marshal(&collectorpb.ExportTraceServiceRequest{ResourceSpans: resourceSpans(spans, id)})
	if err != nil || !e.gzip {
		return body, err
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(body) // a bytes.Buffer does not fail
	err = w.Close()
	return packed.Bytes(), err
}

var (
	// errOTLPBusy means that the collector asks for another try later.
	errOTLPBusy = errors.New("the collector is busy")
	// errOTLPRefused means that the collector did not take all spans.
	errOTLPRefused = errors.New("the collector refuses spans")
)

// post sends body once. errOTLPBusy comes with the time that the collector asks to
// wait. The errors do not quote the collector's response.
func (e *otlpExporter) post(ctx context.Context, body []byte) (retryAfter time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.config.Endpoint, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, value := range e.config.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("User-Agent", "webapp/"+cmp.Or(e.config.Version, "unknown"))
	req.Header.Set("Content-Type", otlpProtobuf)
	if e.config.JSON {
		req.Header.Set("Content-Type", otlpJSON)
	}
	if e.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	res, err := e.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxOTLPResponse))
	switch {
	case err != nil:
		return 0, err
	case res.StatusCode/100 == 2:
		return 0, checkOTLPResponse(res.Header.Get("Content-Type"), answer)
	}
	switch res.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After")) // a date counts as 0
		return time.Duration(min(max(seconds, 0), 3600)) * time.Second, errOTLPBusy
	}
	return 0, errOTLPRefused
}

// checkOTLPResponse returns errOTLPRefused if the response of a status 2xx says that
// the collector dropped spans. It ignores a response that it cannot read.
func checkOTLPResponse(contentType string, answer []byte) error {
	var response collectorpb.ExportTraceServiceResponse
	var err error
	switch contentType {
	case otlpProtobuf:
		err = proto.Unmarshal(answer, &response)
	case otlpJSON:
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(answer, &response)
	}
	if err == nil && response.GetPartialSuccess().GetRejectedSpans() > 0 {
		return errOTLPRefused
	}
	return nil
}
