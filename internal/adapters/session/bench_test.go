package session_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// BenchmarkLoad measures the middleware and one call of Current, with and without a
// session.
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

// BenchmarkFootprint reports the memory of a session in the memory store, without
// claims and tokens.
func BenchmarkFootprint(b *testing.B) {
	const sessions = 100_000
	for b.Loop() {
		store := memory.New(time.Now)
		m, err := session.New(session.Config{Store: store, Keys: oneKey, Lifetime: time.Hour})
		if err != nil {
			b.Fatal(err)
		}
		before := heapInUse()
		for i := range sessions {
			s := portstest.SampleSession(time.Now())
			s.Identity.Subject = fmt.Sprintf("%043d", i)
			s.Identity.ProviderSession = fmt.Sprintf("00c0ffee-0000-4000-8000-%012d", i)
			begin(b, m, ports.NewSession{Session: s})
		}
		b.ReportMetric(float64(heapInUse()-before)/sessions, "B/session")
		_ = store.Close()
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func signedIn(b *testing.B, m *session.Manager) *http.Cookie {
	return begin(b, m, portstest.SampleNew(time.Now())).Result().Cookies()[0]
}

// begin starts a session in a new browser.
func begin(b *testing.B, m *session.Manager, n ports.NewSession) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	m.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := m.Start(context.WithoutCancel(r.Context()), n, false); err != nil {
			b.Fatal(err)
		}
	})).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w
}

// discard is a response writer that writes nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}
