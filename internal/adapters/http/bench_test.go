package http

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/observe"
	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
	"webapp/templates"
)

// BenchmarkHome compares the home page of a signed-in user with a bare net/http
// handler that renders the same template with the same data. The page includes
// logging, security headers and a sealed session from the memory store. The two
// take turns in one run. "of-bare" is the throughput of the page divided by that
// of the bare handler.
func BenchmarkHome(b *testing.B) {
	handler, request, bare := benchmarkPage(b)
	b.Run("in process", func(b *testing.B) {
		compare(b, serveOnce(bare, request), serveOnce(handler, request))
	})
	b.Run("over loopback", func(b *testing.B) {
		compare(b, getOnce(b, bare, request), getOnce(b, handler, request))
	})
}

// BenchmarkHomeWatched compares the home page with and without metrics.
// "of-unwatched" is the throughput with metrics divided by that without.
func BenchmarkHomeWatched(b *testing.B) {
	metrics := observe.NewMetrics("bench", time.Now)
	unwatched, request, _ := benchmarkPage(b)
	watched, watchedRequest := benchmarkWatched(b, metrics)
	const turn = 20
	plain, counted := serveOnce(unwatched, request), serveOnce(watched, watchedRequest)
	var shares []float64
	for b.Loop() {
		start := time.Now()
		for range turn {
			plain()
		}
		middle := time.Now()
		for range turn {
			counted()
		}
		shares = append(shares, float64(middle.Sub(start))/float64(time.Since(middle)))
	}
	slices.Sort(shares) // for the median: other load on the machine slows only some turns
	b.ReportMetric(shares[len(shares)/2], "of-unwatched")
	b.ReportMetric(0, "ns/op") // the time of a whole turn has no meaning
}

func benchmarkWatched(b *testing.B, metrics *observe.Metrics) (http.Handler, *http.Request) {
	b.Helper()
	service, sessions, request := benchmarkSessionIn(b, func(s ports.SessionStore) ports.SessionStore { return observe.Store(s, metrics, nil) })
	c := benchmarkConfig(service, sessions)
	c.OnResponse = metrics.Request
	handler, err := New(c)
	require.NoError(b, err)
	return handler, request
}

// BenchmarkSession measures the session's part of a page: finding, reading and
// opening the session and checking its limits.
func BenchmarkSession(b *testing.B) {
	service, sessions, request := benchmarkSession(b)
	handler := sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := service.CurrentUser(r.Context()); err != nil {
			b.Error(err)
		}
	}))
	once := serveOnce(handler, request)
	b.ReportAllocs()
	for b.Loop() {
		once()
	}
}

// compare runs both in turns of a hundred calls and reports their times and ratio.
func compare(b *testing.B, bare, page func()) {
	b.Helper()
	const turn = 100
	var bareTime, pageTime time.Duration
	rounds := 0
	for b.Loop() {
		start := time.Now()
		for range turn {
			bare()
		}
		middle := time.Now()
		for range turn {
			page()
		}
		bareTime += middle.Sub(start)
		pageTime += time.Since(middle)
		rounds++
	}
	n := float64(rounds * turn)
	b.ReportMetric(float64(bareTime.Nanoseconds())/n, "bare-ns/op")
	b.ReportMetric(float64(pageTime.Nanoseconds())/n, "page-ns/op")
	b.ReportMetric(float64(bareTime)/float64(pageTime), "of-bare")
	b.ReportMetric(0, "ns/op") // the time of a whole turn has no meaning
}

// benchmarkPage returns the whole handler, a request of a signed-in user, and a
// bare handler that only renders the same home page.
func benchmarkPage(b testing.TB) (handler http.Handler, request *http.Request, bare http.Handler) {
	b.Helper()
	service, sessions, request := benchmarkSession(b)
	c := benchmarkConfig(service, sessions)
	handler, err := New(c)
	require.NoError(b, err)
	p, err := newPages(c)
	require.NoError(b, err)
	a := &app{Config: c, pages: p, enabledPages: enabledPages(c)}
	var chrome templates.Chrome
	var home templates.Home
	sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		session, err := service.CurrentUser(r.Context())
		require.NoError(b, err)
		home, err = a.homeView(r.Context(), session)
		require.NoError(b, err)
		chrome = a.chrome(r, &session)
	})).ServeHTTP(httptest.NewRecorder(), request)
	return handler, request, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p.Write(w, r, http.StatusOK, chrome, home); err != nil {
			b.Error(err)
		}
	})
}

// The benchmark compares two handlers with the same output.
func TestTheBarePageIsTheSamePage(t *testing.T) {
	handler, request, bare := benchmarkPage(t)
	page, alone := httptest.NewRecorder(), httptest.NewRecorder()
	handler.ServeHTTP(page, request)
	bare.ServeHTTP(alone, request)
	require.Equal(t, http.StatusOK, page.Code)
	require.Equal(t, page.Body.String(), alone.Body.String())
}

func benchmarkConfig(service *domain.Service, sessions *session.Manager) Config {
	return Config{
		Domain: service, Sessions: sessions.Middleware, CallbackPath: "/getAToken",
		PublicOrigin: "http://localhost:3000", Endpoint: "https://graph.microsoft.com/v1.0/me", Scopes: []string{"User.Read"},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now,
	}
}

// benchmarkSession starts a session and returns a request of its user.
func benchmarkSession(b testing.TB) (*domain.Service, *session.Manager, *http.Request) {
	b.Helper()
	return benchmarkSessionIn(b, func(s ports.SessionStore) ports.SessionStore { return s })
}

// benchmarkSessionIn is benchmarkSession with a wrapped store.
func benchmarkSessionIn(b testing.TB, front func(ports.SessionStore) ports.SessionStore) (*domain.Service, *session.Manager, *http.Request) {
	b.Helper()
	store := memory.New(time.Now)
	b.Cleanup(func() { _ = store.Close() })
	sessions, err := session.New(session.Config{Store: front(store), Keys: [][]byte{make([]byte, 32)}, Lifetime: 12 * time.Hour})
	require.NoError(b, err)
	provider := portstest.NewFakeProvider(time.Now)
	provider.OfferFlows(ports.FlowEditProfile)
	service, err := domain.New(domain.Config{
		Provider: provider, Sessions: sessions,
		Limits: domain.Limits{Idle: time.Hour, Lifetime: 12 * time.Hour}, Now: time.Now, Random: rand.Reader,
	})
	require.NoError(b, err)

	now := time.Now()
	begun := ports.NewSession{
		Session: ports.Session{Identity: typicalIdentity(), Device: "Firefox, Linux", Started: now, Seen: now, Expires: now.Add(time.Hour)},
		Claims:  typicalClaims(), Tokens: typicalTokens(),
	}
	done := httptest.NewRecorder()
	sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err = sessions.Start(r.Context(), begun, false)
	})).ServeHTTP(done, httptest.NewRequest(http.MethodGet, "/getAToken", nil))
	require.NoError(b, err)
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	addCookies(request, done.Result())
	return service, sessions, request
}

func addCookies(r *http.Request, res *http.Response) {
	for _, c := range res.Cookies() {
		if c.MaxAge >= 0 {
			r.AddCookie(c)
		}
	}
}

func typicalIdentity() ports.Identity {
	return ports.Identity{
		Issuer:  "https://login.microsoftonline.com/7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301/v2.0",
		Subject: "mQhn9bJ0Vx0dTjk2oW3eHn1sYcL8uRk5aZpG7tEfXiA", TenantID: "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301",
		ObjectID: "0d1e9a54-7c3b-4f28-9e6d-52b8c1a7f490", Name: "Adele Vance", Username: "adele.vance@contoso.example",
		Roles: []string{"Admin"}, ProviderSession: "00b1c2d3-1111-4222-8333-944455566677",
	}
}

// typicalTokens returns tokens of the usual size at Entra.
func typicalTokens() ports.Tokens {
	return ports.Tokens{RefreshToken: string(make([]byte, 1500)), AccessTokens: []ports.AccessToken{
		{Value: string(make([]byte, 2000)), Scopes: []string{"User.Read"}, Expires: time.Now().Add(time.Hour)}}}
}

func typicalClaims() []ports.Claim {
	claims := make([]ports.Claim, 18)
	for i := range claims {
		claims[i] = ports.Claim{Name: fmt.Sprintf("claim_%02d", i), Value: "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"}
	}
	return claims
}

// discard is a ResponseWriter that drops the body.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

func serveOnce(h http.Handler, r *http.Request) func() {
	w := &discard{header: http.Header{}}
	return func() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

// getOnce returns a function that sends the request to a real server over one
// keep-alive connection.
func getOnce(b *testing.B, h http.Handler, r *http.Request) func() {
	b.Helper()
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	target, err := url.Parse(server.URL)
	require.NoError(b, err)
	out := r.Clone(r.Context())
	out.RequestURI, out.URL = "", target
	return func() {
		res, err := server.Client().Do(out)
		if err != nil {
			b.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
}

// BenchmarkHomeAlone measures each handler by itself, for profiles and allocations.
func BenchmarkHomeAlone(b *testing.B) {
	handler, request, bare := benchmarkPage(b)
	for name, h := range map[string]http.Handler{"bare": bare, "page": handler} {
		b.Run(name, func(b *testing.B) {
			once := serveOnce(h, request)
			b.ReportAllocs()
			for b.Loop() {
				once()
			}
		})
	}
}
