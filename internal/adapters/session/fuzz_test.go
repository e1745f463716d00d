package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// FuzzCookieHeader sends any Cookie header. It must sign nobody in and write nothing
// to the store.
func FuzzCookieHeader(f *testing.F) {
	store := memory.New(time.Now)
	f.Cleanup(func() { _ = store.Close() })
	m, err := session.New(session.Config{Store: store, Keys: oneKey, Lifetime: time.Hour})
	require.NoError(f, err)
	f.Add("webapp_session="+strings.Repeat("A", 43), "state")
	f.Add("webapp_session=a; webapp_session=b", "")
	f.Add("webapp_signin_=; webapp_signin_x=zz.AAAA; webapp_signin_x=\"q\"", "x")
	f.Add(";;=; webapp_session_ref", "\x00")
	f.Fuzz(func(t *testing.T, cookies, state string) {
		serve := func(_ http.ResponseWriter, r *http.Request) {
			_, err := m.Current(r.Context())
			require.ErrorIs(t, err, ports.ErrNoSession)
			_, err = m.Take(r.Context(), state)
			require.ErrorIs(t, err, ports.ErrNoPendingSignIn)
			require.NoError(t, m.Keep(r.Context(), portstest.SamplePending("mine", start)))
			require.NoError(t, failure(m.End(r.Context(), false)))
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", cookies)
		m.Middleware(http.HandlerFunc(serve)).ServeHTTP(httptest.NewRecorder(), r)
		require.Zero(t, store.Len())
	})
}
