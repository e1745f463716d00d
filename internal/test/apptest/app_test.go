package apptest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/domain"
	"webapp/internal/test/apptest"
)

// page returns status and body of a path.
func page(t *testing.T, client *http.Client, path string) (int, string) {
	t.Helper()
	apptest.NeedsPage(t, path)
	res, err := client.Get(path)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(body)
}

func TestARoleOpensItsPage(t *testing.T) {
	status, body := page(t, apptest.SignedIn(t, apptest.User{Name: "Ada Lovelace", Roles: []string{"Admin"}}), "/admin")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "Ada Lovelace")

	app := apptest.New(t)
	status, body = page(t, app.SignIn(apptest.User{Name: "Charles Babbage", Roles: []string{"Reader"}}), "/admin")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, body, "Admin")
	status, _ = page(t, app.Anonymous(), "/admin")
	assert.Equal(t, http.StatusUnauthorized, status)
}

func TestSeveralPeopleInOneApplication(t *testing.T) {
	app := apptest.New(t)
	ada := app.SignIn(apptest.User{Name: "Ada Lovelace", Guest: true})
	again := app.SignIn(apptest.User{Name: "Ada Lovelace"})
	charles := app.SignIn(apptest.User{Name: "Charles Babbage", Groups: []string{"a1000001-4d2e-4b91-8c05-3fa9c0000001"}})
	_, body := page(t, ada, "/")
	assert.Contains(t, body, "Welcome Ada Lovelace!")
	assert.Contains(t, body, "Guest")
	_, body = page(t, charles, "/groups")
	assert.Contains(t, body, "a1000001-4d2e-4b91-8c05-3fa9c0000001")

	res, err := ada.PostForm("/sessions", url.Values{"end": {"others"}})
	require.NoError(t, err)
	_ = res.Body.Close()
	_, body = page(t, again, "/")
	assert.NotContains(t, body, "Welcome Ada", "it is the same person's other browser")
	_, body = page(t, charles, "/")
	assert.Contains(t, body, "Welcome Charles Babbage!")
}

func TestTheClockEndsSessions(t *testing.T) {
	app := apptest.New(t)
	ada := app.SignIn(apptest.User{Name: "Ada Lovelace"})
	app.Clock.Advance(2 * time.Hour)
	_, body := page(t, ada, "/")
	assert.NotContains(t, body, "Welcome Ada")
}

func TestAnAPIIsCalledWithTheUsersToken(t *testing.T) {
	var authorization string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		_, _ = io.WriteString(w, `{"engine":"analytical"}`)
	}))
	t.Cleanup(api.Close)
	_, body := page(t, apptest.SignedIn(t, apptest.User{Name: "Ada Lovelace"}, apptest.WithAPI(api.URL, "engines/read")), "/call_api")
	assert.Contains(t, body, "analytical")
	assert.True(t, strings.HasPrefix(authorization, "Bearer "))
}

func TestAClientStaysInTheApplication(t *testing.T) {
	app := apptest.New(t)
	res, err := app.Anonymous().Get("/login")
	require.NoError(t, err)
	_ = res.Body.Close()
	assert.Equal(t, http.StatusSeeOther, res.StatusCode, "the redirect to the provider is the answer")

	res, err = app.SignIn(apptest.User{Name: "Ada Lovelace"}).Get(app.URL + "/getAToken?code=old&state=old")
	require.NoError(t, err)
	_ = res.Body.Close()
	assert.Equal(t, http.StatusOK, res.StatusCode, "one within the application is followed")

	_, err = app.Anonymous().Get("http://127.0.0.1:1/")
	assert.ErrorContains(t, err, "to the application only")
}

func TestMountsHaveTheSameMiddleware(t *testing.T) {
	client := apptest.SignedIn(t, apptest.User{Name: "Ada Lovelace"}, apptest.WithMount("/api", func(d *domain.Service) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, err := d.CurrentUser(r.Context())
			if err != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
				return
			}
			_, _ = io.WriteString(w, session.User.Name+" at "+r.URL.Path)
		})
	}))
	_, body := page(t, client, "/api/people/me")
	assert.Equal(t, "Ada Lovelace at /api/people/me", body)

	res, err := client.Get("/api")
	require.NoError(t, err)
	_ = res.Body.Close()
	assert.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'")
	assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))

	res, err = client.Post("/api", "text/plain", strings.NewReader(strings.Repeat("x", 1<<20)))
	require.NoError(t, err)
	_ = res.Body.Close()
	assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)

	req, err := http.NewRequest(http.MethodPost, "/api", nil)
	require.NoError(t, err)
	req.Header.Set("Origin", "https://evil.example")
	res, err = client.Do(req)
	require.NoError(t, err)
	_ = res.Body.Close()
	assert.Equal(t, http.StatusForbidden, res.StatusCode)
}
