package apptest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/test/apptest"
)

// status sends a request to /session and returns the response with its JSON.
func status(t *testing.T, client *http.Client, method string, change func(*http.Request)) (*http.Response, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "/session", nil)
	require.NoError(t, err)
	if change != nil {
		change(r)
	}
	res, err := client.Do(r)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	answer := make(map[string]any)
	require.NoError(t, json.NewDecoder(res.Body).Decode(&answer))
	return res, answer
}

// GET /session shows the limits of the session and does not move them. POST /session
// prolongs it.
func TestSessionStatus(t *testing.T) {
	app := apptest.New(t)
	client := app.SignIn(apptest.User{Name: "Ada Lovelace", Username: "ada@example.test", Roles: []string{"Admin"}})
	started := app.Clock.Now()
	at := func(d time.Duration) string { return started.Add(d).UTC().Format(time.RFC3339) }
	whole := map[string]any{
		"name": "Ada Lovelace", "username": "ada@example.test", "roles": []any{"Admin"},
		"started": at(0), "idle_ends": at(66 * time.Minute), "ends": at(12 * time.Hour),
	}
	for range 2 {
		app.Clock.Advance(20 * time.Minute)
		res, answer := status(t, client, http.MethodGet, nil)
		require.Equal(t, http.StatusOK, res.StatusCode)
		assert.Equal(t, "application/json", res.Header.Get("Content-Type"))
		assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
		assert.Empty(t, res.Cookies())
		assert.Equal(t, whole, answer, "asking prolongs nothing")
	}
	res, answer := status(t, client, http.MethodPost, nil)
	require.Equal(t, http.StatusOK, res.StatusCode)
	whole["idle_ends"] = at(106 * time.Minute)
	assert.Equal(t, whole, answer)

	app.Clock.Advance(65 * time.Minute)
	res, _ = status(t, client, http.MethodGet, nil)
	require.Equal(t, http.StatusOK, res.StatusCode)
	app.Clock.Advance(time.Minute)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		res, answer = status(t, client, method, nil)
		assert.Equal(t, http.StatusUnauthorized, res.StatusCode, method)
		assert.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
		assert.EqualValues(t, http.StatusUnauthorized, answer["status"])
	}
}

// The lifetime ends a session that is used all the time. The two ends then fall
// together.
func TestSessionStatusNearTheEndOfTheLifetime(t *testing.T) {
	app := apptest.New(t)
	client := app.SignIn(apptest.User{Name: "Ada"})
	for range 23 {
		app.Clock.Advance(30 * time.Minute)
		status(t, client, http.MethodPost, nil)
	}
	_, answer := status(t, client, http.MethodGet, nil)
	assert.Equal(t, answer["ends"], answer["idle_ends"])
	assert.Equal(t, []any{}, answer["roles"], "a list also without roles")
}

// A browser that asks for a page gets a problem document too, and another site can
// neither read nor prolong the session.
func TestSessionStatusForOthers(t *testing.T) {
	app := apptest.New(t)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		res, _ := status(t, app.Anonymous(), method, func(r *http.Request) { r.Header.Set("Accept", "text/html") })
		assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
		assert.Equal(t, "application/problem+json", res.Header.Get("Content-Type"))
		assert.Empty(t, res.Cookies())
	}
	client := app.SignIn(apptest.User{Name: "Ada"})
	_, before := status(t, client, http.MethodGet, nil)
	app.Clock.Advance(10 * time.Minute)
	for _, site := range []string{"cross-site", "same-site"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/session", strings.NewReader("x"))
		require.NoError(t, err)
		r.Header.Set("Sec-Fetch-Site", site)
		res, err := client.Do(r)
		require.NoError(t, err)
		_ = res.Body.Close()
		assert.Equal(t, http.StatusForbidden, res.StatusCode)
	}
	res, after := status(t, client, http.MethodGet, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") })
	assert.Equal(t, before, after)
	assert.Empty(t, res.Header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "same-origin", res.Header.Get("Cross-Origin-Resource-Policy"))
}
