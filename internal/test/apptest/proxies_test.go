package apptest_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/observe"
	"webapp/internal/domain"
	"webapp/internal/test/apptest"
)

// FuzzProxyHeaders sends any X-Forwarded-For and traceparent. From other peers they
// are ignored. From a trusted proxy, only the right end of X-Forwarded-For matters.
func FuzzProxyHeaders(f *testing.F) {
	var log bytes.Buffer
	var seen trace.SpanContext
	nobody := httptest.NewServer(http.NotFoundHandler())
	f.Cleanup(nobody.Close)
	tracer, err := observe.NewTracer(f.Context(), observe.TracerConfig{
		Endpoint: nobody.URL, RequestID: webhttp.RequestID, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(f, err)
	proxies := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8:1::/48")}
	app := apptest.New(f, func(c *webhttp.Config) {
		c.TrustedProxies, c.Trace, c.Logger = proxies, tracer.Request, slog.New(slog.NewTextHandler(&log, nil))
	}, apptest.WithMount("/probe", func(*domain.Service) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = trace.SpanContextFromContext(r.Context())
			_, _ = io.WriteString(w, "ok")
		})
	}))
	const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" // W3C Trace Context, section 3.2
	f.Add(true, "203.0.113.7, 192.0.2.9", "", traceparent, "congo=t61rcWkgMzE", "8f14e45f-ceea-467a")
	f.Add(false, "203.0.113.7", "198.51.100.1", traceparent, "", "forged")
	f.Add(true, "unknown, 2001:db8:1::5%eth0", "::ffff:192.0.2.1", "00-00000000000000000000000000000000-0000000000000000-00", "=,,", "a b")
	f.Add(true, "[2001:db8::1]:443", "203.0.113.7:80,,", strings.ToUpper(traceparent), strings.Repeat("a=b,", 40), "id\r\nlevel=ERROR")
	f.Add(true, ",", " ", traceparent+"-more", "", strings.Repeat("x", 65))
	for _, peer := range []string{"192.0.2.77:1", "198.51.100.77:1"} { // each kind of peer is warned of once
		unreadable := httptest.NewRequest(http.MethodGet, "/probe", nil)
		unreadable.RemoteAddr = peer
		unreadable.Header.Set("X-Forwarded-For", "unknown")
		app.Handler.ServeHTTP(httptest.NewRecorder(), unreadable)
	}
	clientOf := regexp.MustCompile(`client=(\S*)`)
	plain := regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	f.Fuzz(func(t *testing.T, trusted bool, first, second, parent, state, id string) {
		peer := netip.MustParseAddr("198.51.100.77")
		if trusted {
			peer = netip.MustParseAddr("192.0.2.77")
		}
		ask := func(chain ...string) (client netip.Addr, requestID string) {
			r := httptest.NewRequest(http.MethodGet, "/probe", nil)
			r.RemoteAddr = netip.AddrPortFrom(peer, 1234).String()
			r.Header["X-Forwarded-For"] = chain
			r.Header["Traceparent"], r.Header["Tracestate"], r.Header["X-Request-Id"] = []string{parent}, []string{state}, []string{id}
			log.Reset()
			w := httptest.NewRecorder()
			app.Handler.ServeHTTP(w, r)
			require.Equal(t, http.StatusOK, w.Code)
			require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
			said := clientOf.FindStringSubmatch(log.String())
			require.NotNil(t, said)
			client, err := netip.ParseAddr(said[1])
			require.NoError(t, err)
			return client, w.Header().Get("X-Request-Id")
		}
		client, requestID := ask(first, second)
		require.Regexp(t, plain, requestID)
		require.Equal(t, trusted && plain.MatchString(id), requestID == id)
		require.True(t, seen.IsValid())
		taken := len(parent) >= 35 && strings.EqualFold(seen.TraceID().String(), parent[3:35])
		require.False(t, taken && !trusted, "the trace of an untrusted peer")
		if parent == traceparent {
			require.Equal(t, trusted, taken)
		}
		require.False(t, seen.TraceState().Len() > 0 && !trusted, "the trace state of an untrusted peer")
		require.LessOrEqual(t, seen.TraceState().Len(), 32)
		if client == peer {
			return
		}
		require.True(t, trusted, "the address of an untrusted peer is its own")
		for _, p := range proxies {
			require.False(t, p.Contains(client), "a proxy is not a client")
		}
		again, _ := ask("203.0.113.99", "192.0.2.1, junk, "+first, second)
		require.Equal(t, client, again, "hops further left have no effect")
	})
}
