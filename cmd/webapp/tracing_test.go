package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// collector is an OpenTelemetry collector that keeps the spans.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	header http.Header
}

func newCollector(t *testing.T) *collector {
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.bodies, c.header = append(c.bodies, r.URL.Path+" "+string(body)), r.Header
	}))
	t.Cleanup(c.Close)
	return c
}

// span is a span in OTLP's JSON.
type span struct {
	TraceID, SpanID, ParentSpanID, Name string
	Kind                                int
	Attributes                          []struct {
		Key   string
		Value map[string]any
	}
}

func (s span) attribute(key string) any {
	for _, a := range s.Attributes {
		if a.Key == key {
			for _, v := range a.Value {
				return v
			}
		}
	}
	return nil
}

// spans closes the tracer and returns the spans.
func (c *collector) spans(w *world) (spans []span, raw string) {
	w.t.Helper()
	require.NoError(w.t, w.app.telemetry.tracer.Close(w.t.Context()))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, body := range c.bodies {
		text, ok := strings.CutPrefix(body, "/v1/traces ")
		require.True(w.t, ok, "not posted to /v1/traces")
		var doc struct {
			ResourceSpans []struct {
				ScopeSpans []struct{ Spans []span }
			}
		}
		require.NoError(w.t, json.Unmarshal([]byte(text), &doc))
		for _, r := range doc.ResourceSpans {
			for _, s := range r.ScopeSpans {
				spans = append(spans, s.Spans...)
			}
		}
	}
	return spans, strings.Join(c.bodies, "\n")
}

func named(spans []span, name string) *span {
	for i := range spans {
		if spans[i].Name == name {
			return &spans[i]
		}
	}
	return nil
}

func (c *collector) env(more map[string]string) map[string]string {
	env := map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
		"OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=Coll%20ector~Key", "OTEL_SERVICE_NAME": "portal",
	}
	for name, value := range more {
		env[name] = value
	}
	return env
}

func TestTracesOfARunningApplication(t *testing.T) {
	c := newCollector(t)
	w := newWorld(t, c.env(nil))
	b := w.eventful()
	spans, raw := c.spans(w)
	assert.Equal(t, "Coll ector~Key", c.header.Get("X-Api-Key"))
	assert.Contains(t, raw, `"portal"`)
	for _, name := range []string{
		"GET /", "GET /login", "GET /getAToken", "POST /logout", "GET metadata", "GET keys", "POST token", "GET api",
		"session store find", "session store create", "session store delete", "_OTHER",
	} {
		assert.NotNil(t, named(spans, name), name)
	}
	token, callback := named(spans, "POST token"), named(spans, "GET /getAToken")
	require.NotNil(t, token)
	require.NotNil(t, callback)
	assert.Equal(t, callback.TraceID, token.TraceID, "a call belongs to the request that needed it")
	assert.Equal(t, callback.SpanID, token.ParentSpanID)
	assert.Equal(t, "/getAToken", callback.attribute("http.route"))
	assert.NotEmpty(t, callback.attribute("webapp.request_id"))
	for _, secret := range append(w.secrets(b), "forged", "code=", "state=", "Coll", "127.0.0.1:") {
		assert.NotContains(t, raw, secret)
	}
	assert.NotContains(t, w.logs.String(), "Coll ector~Key")
}

func TestTraceparentIsTakenFromTrustedProxiesAlone(t *testing.T) {
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7" // W3C Trace Context, section 3.2
	for name, c := range map[string]struct {
		proxies string
		taken   bool
	}{"trusted": {"127.0.0.0/8,::1/128", true}, "stranger": {"", false}, "other proxies": {"192.0.2.0/24", false}} {
		t.Run(name, func(t *testing.T) {
			collector := newCollector(t)
			w := newWorld(t, collector.env(map[string]string{"TRUSTED_PROXIES": c.proxies}))
			w.browser().get("/healthz", "Traceparent", "00-"+trace+"-"+parent+"-01")
			spans, raw := collector.spans(w)
			require.Len(t, spans, 1)
			assert.Equal(t, c.taken, strings.EqualFold(spans[0].TraceID, trace), raw)
			assert.Equal(t, c.taken, strings.EqualFold(spans[0].ParentSpanID, parent))
		})
	}
}

func TestACollectorThatIsDownHurtsNobody(t *testing.T) {
	c := newCollector(t)
	w := newWorld(t, c.env(nil))
	c.Close()
	w.browser().mustSignIn(fakeidp.UserMember)
	ctx, stop := contextOf(t)
	defer stop()
	_ = w.app.telemetry.tracer.Close(ctx)
	assert.Contains(t, w.logs.String(), "collector")
	assert.NotContains(t, w.logs.String(), c.URL)
}

func TestTracingVariables(t *testing.T) {
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, c := range map[string]struct {
		vars   map[string]string
		named  string // the variable that is wrong
		target string // "" for off
	}{
		"off by default":     {vars: nil},
		"base":               {vars: map[string]string{endpoint: "http://collector:4318/"}, target: "http://collector:4318/v1/traces"},
		"base with a path":   {vars: map[string]string{endpoint: "https://collector/otlp"}, target: "https://collector/otlp/v1/traces"},
		"exact":              {vars: map[string]string{endpoint: "http://other", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector/x"}, target: "https://collector/x"},
		"exact, no path":     {vars: map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector"}, target: "https://collector"},
		"exporter alone":     {vars: map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, target: "http://localhost:4318/v1/traces"},
		"exporter, endpoint": {vars: map[string]string{"OTEL_TRACES_EXPORTER": "otlp", endpoint: "http://collector"}, target: "http://collector/v1/traces"},
		"exporter, disabled": {vars: map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}},
		"none of anything":   {vars: map[string]string{"OTEL_TRACES_EXPORTER": "none", endpoint: "collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}},
		"console":            {vars: map[string]string{"OTEL_TRACES_EXPORTER": "console"}, named: "OTEL_TRACES_EXPORTER"},
		"a list":             {vars: map[string]string{"OTEL_TRACES_EXPORTER": "otlp,console"}, named: "OTEL_TRACES_EXPORTER"},
		"grpc by default":    {vars: map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, named: "OTEL_EXPORTER_OTLP_PROTOCOL"},
		"grpc but for traces": {vars: map[string]string{endpoint: "http://collector", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"},
			target: "http://collector/v1/traces"},
		"grpc for traces":    {vars: map[string]string{endpoint: "http://collector", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, named: "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"},
		"protocol":           {vars: map[string]string{endpoint: "http://collector", "OTEL_EXPORTER_OTLP_PROTOCOL": "S3cret~Value"}, named: "OTEL_EXPORTER_OTLP_PROTOCOL"},
		"headers of traces":  {vars: map[string]string{endpoint: "http://collector", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "S3cret~Value"}, named: "OTEL_EXPORTER_OTLP_TRACES_HEADERS"},
		"disabled":           {vars: map[string]string{endpoint: "http://collector", "OTEL_SDK_DISABLED": "TRUE"}},
		"no exporter":        {vars: map[string]string{endpoint: "http://collector", "OTEL_TRACES_EXPORTER": "none"}},
		"another exporter":   {vars: map[string]string{endpoint: "http://collector", "OTEL_TRACES_EXPORTER": "zipkin"}, named: "OTEL_TRACES_EXPORTER"},
		"grpc":               {vars: map[string]string{endpoint: "http://collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, named: "OTEL_EXPORTER_OTLP_PROTOCOL"},
		"no URL":             {vars: map[string]string{endpoint: "collector:4318"}, named: endpoint},
		"a key in the URL":   {vars: map[string]string{endpoint: "https://S3cret~Value@collector"}, named: endpoint},
		"headers":            {vars: map[string]string{endpoint: "http://collector", "OTEL_EXPORTER_OTLP_HEADERS": "S3cret~Value"}, named: "OTEL_EXPORTER_OTLP_HEADERS"},
		"a line in a header": {vars: map[string]string{endpoint: "http://collector", "OTEL_EXPORTER_OTLP_HEADERS": "a=b%0Ac"}, named: "OTEL_EXPORTER_OTLP_HEADERS"},
		"sampler":            {vars: map[string]string{endpoint: "http://collector", "OTEL_TRACES_SAMPLER": "some"}, named: "OTEL_TRACES_SAMPLER"},
		"share":              {vars: map[string]string{endpoint: "http://collector", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, named: "OTEL_TRACES_SAMPLER_ARG"},
		"a share":            {vars: map[string]string{endpoint: "http://collector", "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}, target: "http://collector/v1/traces"},
	} {
		t.Run(name, func(t *testing.T) {
			vars := good()
			for k, v := range c.vars {
				vars[k] = v
			}
			s, err := load(lookupIn(vars), false)
			if c.named != "" {
				require.ErrorContains(t, err, c.named)
				assert.NotContains(t, err.Error(), "S3cret~Value")
				return
			}
			require.NoError(t, err)
			if c.target == "" {
				assert.Nil(t, s.Tracing)
				return
			}
			assert.Equal(t, c.target, s.Tracing.Endpoint)
		})
	}
}

func TestGRPCIsRefusedWithWhatToSetInstead(t *testing.T) {
	vars := good()
	vars["OTEL_TRACES_EXPORTER"], vars["OTEL_EXPORTER_OTLP_PROTOCOL"] = "otlp", "grpc"
	_, err := load(lookupIn(vars), false)
	for _, said := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL is grpc", "http/protobuf", "4318"} {
		assert.ErrorContains(t, err, said)
	}
}

// The variable for traces contains the exact URL.
func TestTracesGoToTheExactEndpoint(t *testing.T) {
	for path, want := range map[string]string{"": "/", "/": "/", "/x": "/x"} {
		c := newCollector(t)
		w := newWorld(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": c.URL + path, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/json"})
		w.browser().get("/healthz")
		require.NoError(t, w.app.telemetry.tracer.Close(t.Context()))
		c.mu.Lock()
		require.Len(t, c.bodies, 1)
		assert.True(t, strings.HasPrefix(c.bodies[0], want+" {"), "%q goes to %.20s", path, c.bodies[0])
		c.mu.Unlock()
	}
}

// The library reads other variables from the environment itself.
func TestTheSpecificationsOtherVariables(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=trial")
	c := newCollector(t)
	w := newWorld(t, c.env(nil))
	w.browser().get("/healthz")
	require.NoError(t, w.app.telemetry.tracer.Close(t.Context()))
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Len(t, c.bodies, 1)
	assert.Equal(t, "gzip", c.header.Get("Content-Encoding"))
	_, packed, _ := strings.Cut(c.bodies[0], " ")
	reader, err := gzip.NewReader(strings.NewReader(packed))
	require.NoError(t, err)
	body, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Contains(t, string(body), `"trial"`)
	assert.Contains(t, string(body), `"portal"`, "OTEL_SERVICE_NAME")
}
