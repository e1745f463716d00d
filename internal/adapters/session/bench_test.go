package session_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports/portstest"
)

// BenchmarkLoad measures what a signed-in request costs: the middleware and
// one Current, against the same handler without a session.
func BenchmarkLoad(b *testing.B) {
	store := memory.New(time.Now)
	b.Cleanup(func() { _ = store.Close() })
	m, err := session.New(session.Config{Store: store, Keys: oneKey, Lifetime: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	cookie := signedIn(b, m)
	read := m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := m.Current(r.Context()); err != nil {
			b.Error(err)
		}
	}))
	idle := m.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for name, handler := range map[string]http.Handler{"current": read, "unused": idle} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			req := httptest.NewRequest(http.MethodGet, "/", nil)
			req.AddCookie(cookie)
			w := &discard{header: http.Header{}}
			for b.Loop() {
				clear(w.header)
				handler.ServeHTTP(w, req)
			}
		})
	}
}

func signedIn(b *testing.B, m *session.Manager) *http.Cookie {
	w := httptest.NewRecorder()
	m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := m.Start(context.WithoutCancel(r.Context()), portstest.SampleNew(time.Now())); err != nil {
			b.Fatal(err)
		}
	})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w.Result().Cookies()[0]
}

// discard is a response that nobody reads.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}
