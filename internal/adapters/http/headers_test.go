package http

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/clientaddr"
	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// failure is an error and the session at the time of the error.
type failure struct {
	err     error
	session *domain.Session
}

// failingAt returns a handler that fails with the current value of f.
func failingAt(t *testing.T, publicOrigin string, f *failure) http.Handler {
	t.Helper()
	service, sessions, _ := benchmarkSession(t)
	c := benchmarkConfig(service, sessions)
	a := &app{Config: c, pages: mustPages(t), clients: clientaddr.NewFinder(nil, c.Logger),
		policies: newPolicies([]string{"https:"}), https: strings.HasPrefix(publicOrigin, "https:")}
	r := chi.NewRouter()
	r.Use(a.observe, a.securityHeaders)
	r.Get("/", a.handle(func(_ http.ResponseWriter, r *http.Request) error {
		observed(r.Context()).session = f.session
		return f.err
	}))
	return r
}

// Clients cannot provoke all of these statuses, such as 499, 501 and 504.
func TestEveryErrorHasTheSecurityHeaders(t *testing.T) {
	statuses := map[int]bool{}
	for _, origin := range []string{"http://localhost:3000", "https://app.example"} {
		var f failure
		h := failingAt(t, origin, &f)
		for _, row := range slices.Concat(errorTable, []errorPage{internalPage, tooLargePage}) {
			statuses[row.status] = true
			for _, accept := range []string{"text/html", "application/json"} {
				for _, session := range []*domain.Session{nil, {User: domain.User{Name: "Ada Lovelace"}}} {
					f = failure{errorOf(row), session}
					r := httptest.NewRequest(http.MethodGet, "/", nil)
					r.Header.Set("Accept", accept)
					rec := httptest.NewRecorder()
					h.ServeHTTP(rec, r)
					require.Equal(t, row.status, rec.Code)
					requireGuarded(t, rec, strings.HasPrefix(origin, "https"))
				}
			}
		}
	}
	for _, status := range []int{400, 401, 403, 404, 405, 413, 414, 415, 429, 431, 499, 500, 501, 502, 503, 504} {
		assert.True(t, statuses[status], status)
	}
}

// errorOf returns an error with the response row.
func errorOf(row errorPage) error {
	switch row.status {
	case http.StatusInternalServerError:
		return errors.New("anything")
	case http.StatusRequestEntityTooLarge:
		return &http.MaxBytesError{}
	}
	return fmt.Errorf("wrapped: %w", row.is)
}

func requireGuarded(t *testing.T, rec *httptest.ResponseRecorder, https bool) {
	t.Helper()
	h, action := rec.Header(), "'none'"
	if strings.Contains(rec.Body.String(), "<form") {
		action = "'self' https:"
	}
	policy := h.Get(cspHeader)
	assert.True(t, strings.HasPrefix(policy, "default-src 'none'; "))
	assert.Contains(t, policy, "; form-action "+action+"; frame-ancestors 'none'; base-uri 'none'")
	assert.Equal(t, strings.HasPrefix(h.Get("Content-Type"), "text/html"), strings.Contains(policy, "style-src 'self'; img-src 'self'"))
	assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	assert.Equal(t, "DENY", h.Get("X-Frame-Options"))
	assert.Equal(t, "strict-origin", h.Get("Referrer-Policy"))
	assert.Equal(t, "same-origin", h.Get("Cross-Origin-Opener-Policy"))
	assert.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"))
	assert.NotEmpty(t, h.Get("Permissions-Policy"))
	assert.Equal(t, "no-store", h.Get("Cache-Control"))
	assert.Equal(t, https, h.Get("Strict-Transport-Security") != "")
}

// Only the empty response may be framed.
func TestAFrontChannelSignOutThatFailsIsNotFramed(t *testing.T) {
	var store *portstest.FaultyStore
	service, sessions, _ := benchmarkSessionIn(t, func(s ports.SessionStore) ports.SessionStore {
		store = portstest.NewFaultyStore(s)
		return store
	})
	c := benchmarkConfig(service, sessions)
	c.FrameAncestors = func(context.Context) []string { return []string{"https://provider.example"} }
	h, err := New(c)
	require.NoError(t, err)
	store.SetDown(true)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/frontchannel-logout?iss=https%3A%2F%2Fprovider.example&sid=x", nil))
	require.Equal(t, http.StatusServiceUnavailable, rec.Code)
	requireGuarded(t, rec, false)
}
