package observe

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// otlpRequest is one request that a collector got.
type otlpRequest struct {
	header http.Header
	body   []byte
}

// collect returns the address of a collector that answers with respond, and the
// requests that it gets.
func collect(t *testing.T, respond http.HandlerFunc) (url string, got chan otlpRequest) {
	t.Helper()
	got = make(chan otlpRequest, 16)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- otlpRequest{r.Header, body}
		respond(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, got
}

func accept(http.ResponseWriter, *http.Request) {}

// tracerTo returns a tracer whose exporter does not wait between two tries, the waits,
// and the log.
func tracerTo(t *testing.T, c TracerConfig) (tracer *Tracer, exporter *otlpExporter, logs *bytes.Buffer) {
	t.Helper()
	logs = &bytes.Buffer{}
	c.Logger, c.Version = slog.New(slog.NewTextHandler(logs, nil)), "v1.2.3"
	c.RequestID = func(context.Context) string { return "4711" }
	exporter, err := newOTLPExporter(c)
	require.NoError(t, err)
	tracer, err = newTracer(c, exporter)
	require.NoError(t, err)
	return tracer, exporter, logs
}

// request ends one span of a failed request, which joins the trace of a proxy.
func request(t *testing.T, tracer *Tracer) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/x", nil)
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	r.Header.Set("Tracestate", "vendor=1")
	_, end := tracer.Request(r, true)
	end("/x", http.StatusBadGateway)
	require.NoError(t, tracer.Close(t.Context()))
}

// OTLP's specification describes both encodings. In JSON, IDs are hex, enums are numbers
// and 64-bit integers are strings.
func TestSpansInBothEncodings(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=trial")
	started := uint64(time.Now().UnixNano())
	url, got := collect(t, accept)

	tracer, _, _ := tracerTo(t, TracerConfig{Endpoint: url, Headers: map[string]string{"x-key": "k"}, Service: "portal"})
	request(t, tracer)
	sent := <-got
	assert.Equal(t, "application/x-protobuf", sent.header.Get("Content-Type"))
	assert.Equal(t, "k", sent.header.Get("X-Key"))
	assert.Equal(t, "webapp/v1.2.3", sent.header.Get("User-Agent"))
	var sentSpans collectorpb.ExportTraceServiceRequest
	require.NoError(t, proto.Unmarshal(sent.body, &sentSpans))
	require.Len(t, sentSpans.ResourceSpans, 1)
	require.Len(t, sentSpans.ResourceSpans[0].ScopeSpans, 1)
	assert.Equal(t, "webapp", sentSpans.ResourceSpans[0].ScopeSpans[0].Scope.Name)
	require.Len(t, sentSpans.ResourceSpans[0].ScopeSpans[0].Spans, 1)
	texts, numbers := map[string]string{}, map[string]int64{}
	span := sentSpans.ResourceSpans[0].ScopeSpans[0].Spans[0]
	for _, a := range append(sentSpans.ResourceSpans[0].Resource.Attributes, span.Attributes...) {
		switch v := a.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			texts[a.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			numbers[a.Key] = v.IntValue
		}
	}
	assert.Equal(t, map[string]string{
		"service.name": "portal", "service.version": "v1.2.3", "deployment.environment.name": "trial",
		"http.request.method": "GET", "http.route": "/x", "webapp.request_id": "4711",
	}, texts)
	assert.Equal(t, map[string]int64{"http.response.status_code": 502}, numbers)
	assert.Equal(t, "GET /x", span.Name)
	assert.Equal(t, tracepb.Span_SPAN_KIND_SERVER, span.Kind)
	assert.Equal(t, tracepb.Status_STATUS_CODE_ERROR, span.Status.Code)
	assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", hex.EncodeToString(span.TraceId))
	assert.Equal(t, "00f067aa0ba902b7", hex.EncodeToString(span.ParentSpanId))
	assert.Len(t, span.SpanId, 8)
	assert.Equal(t, "vendor=1", span.TraceState)
	assert.EqualValues(t, 0x301, span.Flags, "sampled, and the parent is remote")
	assert.GreaterOrEqual(t, span.StartTimeUnixNano, started)
	assert.GreaterOrEqual(t, span.EndTimeUnixNano, span.StartTimeUnixNano)

	tracer, _, _ = tracerTo(t, TracerConfig{Endpoint: url, JSON: true})
	request(t, tracer)
	sent = <-got
	assert.Equal(t, "application/json", sent.header.Get("Content-Type"))
	var document struct {
		ResourceSpans []struct {
			ScopeSpans []struct {
				Spans []struct {
					TraceID, SpanID, ParentSpanID, StartTimeUnixNano string
					Kind                                             int
					Status                                           struct{ Code int }
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(sent.body, &document), "%s", sent.body)
	inJSON := document.ResourceSpans[0].ScopeSpans[0].Spans[0]
	assert.Equal(t, "4bf92f3577b34da6a3ce929d0e0e4736", inJSON.TraceID)
	assert.Equal(t, "00f067aa0ba902b7", inJSON.ParentSpanID)
	assert.Regexp(t, "^[0-9a-f]{16}$", inJSON.SpanID)
	assert.Equal(t, 2, inJSON.Kind)
	assert.Equal(t, 2, inJSON.Status.Code)
	nanos, err := strconv.ParseUint(inJSON.StartTimeUnixNano, 10, 64)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, nanos, started)
	assert.Contains(t, string(sent.body), `"502"`)
}

func TestResponsesOfTheCollector(t *testing.T) {
	partial, err := proto.Marshal(&collectorpb.ExportTraceServiceResponse{PartialSuccess: &collectorpb.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: "S3cret"}})
	require.NoError(t, err)
	const dropped = "traces cannot be sent"
	for name, c := range map[string]struct {
		status      int
		contentType string
		body        string
		log         string // "" if the spans arrived
		requests    int
	}{
		"accepted":                 {200, "application/x-protobuf", "", "", 1},
		"202":                      {202, "text/plain", "S3cret", "", 1},
		"rejected in part":         {200, "application/x-protobuf", string(partial), dropped, 1},
		"rejected in part, JSON":   {200, "application/json", `{"partialSuccess":{"rejectedSpans":"1","errorMessage":"S3cret"},"more":1}`, dropped, 1},
		"a warning":                {200, "application/json", `{"partialSuccess":{"errorMessage":"S3cret"}}`, "", 1},
		"not Protobuf":             {200, "application/x-protobuf", "S3cret", "", 1},
		"huge":                     {200, "application/json", strings.Repeat("x", 4*maxOTLPResponse), "", 1},
		"bad request":              {400, "text/plain", "S3cret", dropped, 1},
		"unauthorized":             {401, "text/plain", "S3cret", dropped, 1},
		"internal error":           {500, "text/plain", "S3cret", dropped, 1},
		"redirect":                 {307, "text/plain", "S3cret", dropped, 1},
		"too many requests, twice": {429, "text/plain", "S3cret", "", 3},
		"bad gateway, twice":       {502, "text/plain", "S3cret", "", 3},
		"unavailable, twice":       {503, "text/plain", "S3cret", "", 3},
		"gateway timeout, twice":   {504, "text/plain", "S3cret", "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			url, _ := collect(t, func(w http.ResponseWriter, _ *http.Request) {
				if requests++; requests == c.requests && c.requests > 1 {
					return
				}
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Content-Type", c.contentType)
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			tracer, exporter, logs := tracerTo(t, TracerConfig{Endpoint: url})
			var waits []time.Duration
			exporter.pause = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			request(t, tracer)
			assert.Equal(t, c.requests, requests)
			assert.Len(t, waits, c.requests-1)
			for _, d := range waits {
				assert.Equal(t, 7*time.Second, d)
			}
			if c.log == "" {
				assert.Empty(t, logs.String())
			}
			assert.Contains(t, logs.String(), c.log)
			assert.NotContains(t, logs.String(), "S3cret")
			assert.NotContains(t, logs.String(), url)
		})
	}
}

// A pause doubles up to its limit. The export ends when there is no time for another.
func TestPausesBetweenExports(t *testing.T) {
	url, _ := collect(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	tracer, exporter, logs := tracerTo(t, TracerConfig{Endpoint: url})
	var waits []time.Duration
	exporter.pause = func(_ context.Context, d time.Duration) error {
		if waits = append(waits, d); len(waits) == 7 {
			return context.DeadlineExceeded
		}
		return nil
	}
	request(t, tracer)
	s := time.Second
	assert.Equal(t, []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 30 * s, 30 * s}, waits)
	assert.Contains(t, logs.String(), "traces cannot be sent")
}

// A collector that asks for a client certificate of its own authority.
func TestCertificatesOfTheExporter(t *testing.T) {
	dir := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	client, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	file := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	got := make(chan struct{}, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got <- struct{}{} }))
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	srv.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	srv.StartTLS()
	defer srv.Close()

	tracer, _, logs := tracerTo(t, TracerConfig{Endpoint: srv.URL})
	request(t, tracer)
	assert.Contains(t, logs.String(), "traces cannot be sent", "an unknown authority")
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", "missing") // the variable for traces overrides it
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", file("ca.pem", "CERTIFICATE", srv.Certificate().Raw))
	tracer, _, logs = tracerTo(t, TracerConfig{Endpoint: srv.URL})
	request(t, tracer)
	assert.Contains(t, logs.String(), "traces cannot be sent", "no client certificate")
	t.Setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", file("client.pem", "CERTIFICATE", client))
	t.Setenv("OTEL_EXPORTER_OTLP_CLIENT_KEY", file("client.key", "PRIVATE KEY", private))
	tracer, _, logs = tracerTo(t, TracerConfig{Endpoint: srv.URL})
	request(t, tracer)
	assert.Empty(t, logs.String())
	assert.Len(t, got, 1)
}

// Errors name the variable and do not quote its value.
func TestExporterVariablesThatAreWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "S3cret.pem")
	require.NoError(t, os.WriteFile(file, []byte("S3cret"), 0o600))
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_TIMEOUT":                   "S3cret",
		"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT":            "0",
		"OTEL_EXPORTER_OTLP_CERTIFICATE":               file,
		"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE":        "S3cret",
		"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE":        file,
		"OTEL_EXPORTER_OTLP_CLIENT_KEY":                file,
		"OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE": file,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			_, err := NewTracer(TracerConfig{Endpoint: "http://localhost"})
			require.ErrorContains(t, err, name)
			assert.NotContains(t, err.Error(), "S3cret")
		})
	}
}

func TestTimeoutOfAnExport(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "20")
	hang := make(chan struct{})
	url, _ := collect(t, func(http.ResponseWriter, *http.Request) { <-hang })
	defer close(hang)
	tracer, _, logs := tracerTo(t, TracerConfig{Endpoint: url})
	request(t, tracer)
	assert.Contains(t, logs.String(), "traces cannot be sent")
}
