package http

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// The pages of 404 and 405 have the navigation of a signed-in user. They set no
// cookie and work without the session store.
func TestUnknownAddressKeepsTheNavigation(t *testing.T) {
	var store *portstest.FaultyStore
	service, sessions, signedIn := benchmarkSessionIn(t, func(inner ports.SessionStore) ports.SessionStore {
		store = portstest.NewFaultyStore(inner)
		return store
	})
	h, err := New(benchmarkConfig(service, sessions))
	require.NoError(t, err)
	get := func(method, path string, like *http.Request) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		if like != nil {
			r.Header = like.Header
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		assert.Empty(t, rec.Header().Values("Set-Cookie"), path)
		return rec
	}
	for path, method := range map[string]string{"/nowhere": http.MethodGet, "/static/none.css": http.MethodDelete, "/logout": http.MethodPut} {
		known, unknown := get(method, path, signedIn), get(method, path, nil)
		assert.Equal(t, unknown.Code, known.Code)
		assert.Contains(t, known.Body.String(), `action="/logout"`, path)
		assert.Contains(t, known.Body.String(), `<a href="/sessions">`, path)
		assert.Contains(t, known.Header().Get("Content-Security-Policy"), "form-action 'self'", "its sign-out button works")
		assert.NotContains(t, unknown.Body.String(), "<form", path)
	}

	store.SetDown(true)
	assert.Equal(t, http.StatusNotFound, get(http.MethodGet, "/nowhere", signedIn).Code)
}
