//go:build integration

package deploytest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// collector keeps the spans that the application sends.
type collector struct {
	*httptest.Server
	mu   sync.Mutex
	said strings.Builder
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, _ = io.Copy(&c.said, r.Body)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) env() map[string]string {
	return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}
}

// The proxy removes or replaces the headers that the application trusts from a
// proxy, if a client sends them. The test also sends the headers from the proxy's
// address, to show that the application does read them.
func (s *site) checkForgedHeaders(c *collector) {
	t := s.t
	t.Helper()
	const trace, own = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c" // W3C Trace Context
	forged := s.visitor("127.0.0.2").get("/missing", "Traceparent", "00-"+trace+"-00f067aa0ba902b7-01", "Tracestate", "evil=forged",
		"X-Request-Id", "forged", "X-Forwarded-For", "203.0.113.7", "Forwarded", "for=203.0.113.7")
	require.Equal(t, http.StatusNotFound, forged.StatusCode)
	id := forged.Header.Get("X-Request-Id")
	assert.Regexp(t, "^[0-9a-f-]{32,36}$", id, "the proxy's")
	proxy := s.visitor("127.0.0.1").get(s.apps[0].URL+"/healthz", "Traceparent", "00-"+own+"-00f067aa0ba902b7-01", "X-Request-Id", "proxys-own")
	assert.Equal(t, "proxys-own", proxy.Header.Get("X-Request-Id"))
	s.apps[0].WaitForOutput(`"request_id":"proxys-own"`)
	s.apps[0].Stop()

	log := s.apps[0].Output()
	assert.Contains(t, log, `"request_id":"`+id+`"`)
	assert.Contains(t, log, `"client":"127.0.0.2"`)
	c.mu.Lock()
	defer c.mu.Unlock()
	said := strings.ToLower(c.said.String())
	assert.Contains(t, said, own)
	assert.Contains(t, said, id, "the forged request has a trace of its own")
	for _, claim := range []string{trace, "forged", "203.0.113.7"} {
		assert.NotContains(t, log, claim)
		assert.NotContains(t, said, claim)
	}
}

func TestForgedHeadersEndAtNginx(t *testing.T) {
	c := newCollector(t)
	s := newSite(t, c.env())
	s.start(0)
	s.checkForgedHeaders(c)
}
