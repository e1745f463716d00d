package forwardauth_test

import (
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/observe"
	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// BenchmarkVerify measures the request of a proxy for a signed-in person, with the
// middleware, logs and metrics of the program and tokens of Entra's size, and a
// handler that only responds with 204. The server and the network are not included.
func BenchmarkVerify(b *testing.B) {
	handler, request := benchmarkVerify(b, io.Discard)
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, c := range []struct {
		name string
		http.Handler
		query string
	}{{"bare", bare, ""}, {"verify", handler, ""}, {"verify role", handler, "role=Admin"}, {"verify group", handler, "group=" + engineers}} {
		b.Run(c.name, func(b *testing.B) {
			r := request.Clone(b.Context())
			r.URL.RawQuery = c.query
			w := httptest.NewRecorder()
			c.ServeHTTP(w, r)
			require.Equal(b, http.StatusNoContent, w.Code)
			b.ReportAllocs()
			for b.Loop() {
				clear(w.Header())
				c.ServeHTTP(w, r)
			}
		})
	}
}

func benchmarkVerify(b *testing.B, log io.Writer) (http.Handler, *http.Request) {
	b.Helper()
	metrics := observe.NewMetrics("bench", time.Now)
	store := memory.New(time.Now)
	b.Cleanup(func() { _ = store.Close() })
	sessions, err := session.New(session.Config{Store: observe.Store(store, metrics, nil), Keys: [][]byte{make([]byte, 32)}, Lifetime: 12 * time.Hour})
	require.NoError(b, err)
	service, err := domain.New(domain.Config{
		Provider: portstest.NewFakeProvider(time.Now), Sessions: sessions,
		Limits: domain.Limits{Idle: time.Hour, Lifetime: 12 * time.Hour}, Now: time.Now, Random: rand.Reader,
	})
	require.NoError(b, err)
	c := webhttp.Config{
		Domain: service, Sessions: sessions.Middleware, CallbackPath: "/getAToken", PublicOrigin: "https://app.example",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		Logger:         slog.New(slog.NewTextHandler(log, nil)), Now: time.Now, OnResponse: metrics.Request,
	}
	mounted(&c)
	handler, err := webhttp.New(c)
	require.NoError(b, err)

	now := time.Now()
	who := ada()
	who.Issuer, who.Subject = "https://login.microsoftonline.com/7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301/v2.0", "mQhn9bJ0Vx0dTjk2oW3eHn1sYcL8uRk5aZpG7tEfXiA"
	done := httptest.NewRecorder()
	sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err = sessions.Start(r.Context(), ports.NewSession{
			Session: ports.Session{Identity: who, Groups: append(groupIDs(9), engineers), Device: "Firefox, Linux", Started: now, Seen: now, Expires: now.Add(time.Hour)},
			Tokens: ports.Tokens{
				RefreshToken: strings.Repeat("r", 1500),
				AccessTokens: []ports.AccessToken{{Value: strings.Repeat("a", 2000), Scopes: []string{"User.Read"}, Expires: now.Add(time.Hour)}},
			},
		}, false)
	})).ServeHTTP(done, httptest.NewRequest(http.MethodGet, "/getAToken", nil))
	require.NoError(b, err)
	request := navigation(map[string][]string{
		"User-Agent":     {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
		"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"},
		"X-Forwarded-Proto": {"https"}, "X-Request-Id": {"3f1c9a520c534c0e9d3b0d6c8a1f2b3c"},
	})
	for _, cookie := range done.Result().Cookies() {
		request.AddCookie(cookie)
	}
	return handler, request
}
