package apptest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/test/apptest"
)

// stale starts the application with Ada signed in, and waits until her sign-in is not
// recent.
func stale(t *testing.T, options ...apptest.Option) (*apptest.App, *http.Client) {
	t.Helper()
	apptest.NeedsPage(t, "/fresh")
	app := apptest.New(t, options...)
	ada := app.SignIn(apptest.User{Name: "Ada Lovelace"})
	app.Clock.Advance(5*time.Minute + time.Second)
	return app, ada
}

// askedBy returns the authorization request that a page redirects to.
func askedBy(t *testing.T, client *http.Client, path string) (string, url.Values) {
	t.Helper()
	res, err := client.Get(path)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	location, err := res.Location()
	require.NoError(t, err)
	return location.String(), location.Query()
}

func bodyOf(t *testing.T, res *http.Response) string {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(text)
}

func TestFresh(t *testing.T) {
	app, ada := stale(t)
	location, asked := askedBy(t, ada, "/fresh?x=1")
	assert.Equal(t, "300", asked.Get("max_age"))
	assert.JSONEq(t, `{"id_token":{"auth_time":{"essential":true}}}`, asked.Get("claims"))
	assert.Equal(t, "login-hint-of-subject-of-Ada Lovelace", asked.Get("login_hint"))
	back := app.ComeBack(ada, location, apptest.User{Name: "Ada Lovelace"})
	assert.Contains(t, bodyOf(t, back), "you signed in a few minutes ago")
	assert.Equal(t, "/fresh", back.Request.URL.Path)
	assert.Equal(t, "x=1", back.Request.URL.RawQuery)

	app.Clock.Advance(5 * time.Minute)
	status, body := page(t, ada, "/fresh")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "5 minutes ago")
	app.Clock.Advance(time.Second)
	askedBy(t, ada, "/fresh")
}

// The first sign-in counts if its token has auth_time.
func TestFreshAfterASignIn(t *testing.T) {
	apptest.NeedsPage(t, "/fresh")
	app := apptest.New(t)
	status, _ := page(t, app.SignIn(apptest.User{Name: "Ada Lovelace"}), "/fresh")
	assert.Equal(t, http.StatusOK, status)
	askedBy(t, app.SignIn(apptest.User{Name: "Ada Lovelace", AuthTime: apptest.NoAuthTime}), "/fresh")
	askedBy(t, app.SignIn(apptest.User{Name: "Ada Lovelace", AuthTime: app.Clock.Now().Add(-time.Hour)}), "/fresh")
}

// A new token without auth_time, or with an old one, is refused. The page names the
// claim, leads to no loop, and the person stays signed in.
func TestFreshIsRefused(t *testing.T) {
	for name, wrong := range map[string]func(*apptest.App) time.Time{
		"no auth_time":   func(*apptest.App) time.Time { return apptest.NoAuthTime },
		"older":          func(app *apptest.App) time.Time { return app.Clock.Now().Add(-time.Hour) },
		"a little older": func(app *apptest.App) time.Time { return app.Clock.Now().Add(-10*time.Minute - time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			app, ada := stale(t)
			location, _ := askedBy(t, ada, "/fresh?x=1")
			back := app.ComeBack(ada, location, apptest.User{Name: "Ada Lovelace", AuthTime: wrong(app)})
			body := bodyOf(t, back)
			assert.Equal(t, http.StatusForbidden, back.StatusCode)
			assert.Equal(t, "/getAToken", back.Request.URL.Path, "no redirect")
			assert.Contains(t, body, "Your sign-in is not recent enough")
			assert.Contains(t, body, "auth_time")
			assert.Contains(t, body, "Add optional claim")
			assert.Contains(t, body, `<a class="button" href="/fresh?x=1">Try again</a>`)
			assert.Contains(t, body, `action="/logout"`)
			status, home := page(t, ada, "/")
			assert.Equal(t, http.StatusOK, status)
			assert.Contains(t, home, "Welcome Ada Lovelace!")
		})
	}
}

// If the provider's sign-ins are always a few minutes too old, the page asks for one
// more sign-in and then stops.
func TestFreshStopsAfterTwoRounds(t *testing.T) {
	app, ada := stale(t)
	for _, maxAge := range []string{"300", "0"} {
		location, asked := askedBy(t, ada, "/fresh")
		assert.Equal(t, maxAge, asked.Get("max_age"))
		ada.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		back := app.ComeBack(ada, location, apptest.User{Name: "Ada Lovelace", AuthTime: app.Clock.Now().Add(-7 * time.Minute)})
		require.Equal(t, http.StatusSeeOther, back.StatusCode, bodyOf(t, back))
	}
	status, body := page(t, ada, "/fresh")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, body, "auth_time")
	assert.Contains(t, body, `action="/logout"`)
}

// Another person who comes back is signed in, and has nothing of the first.
func TestAnotherPersonComesBackToFresh(t *testing.T) {
	app, ada := stale(t)
	location, _ := askedBy(t, ada, "/fresh")
	back := app.ComeBack(ada, location, apptest.User{Name: "Grace Hopper"})
	assert.Equal(t, http.StatusOK, back.StatusCode)
	body := bodyOf(t, back)
	assert.Contains(t, body, "Grace Hopper")
	assert.NotContains(t, body, "Ada")

	app.Clock.Advance(time.Hour - time.Second)
	location, _ = askedBy(t, ada, "/fresh")
	back = app.ComeBack(ada, location, apptest.User{Name: "Ada Lovelace", AuthTime: apptest.NoAuthTime})
	require.Equal(t, http.StatusSeeOther, back.StatusCode, "the page asks Ada, too")
	_ = back.Body.Close()
	_, home := page(t, ada, "/")
	assert.Contains(t, home, "Welcome Ada Lovelace!")
}

// An image or a frame on a sibling subdomain carries the session cookie. It begins no
// sign-in, which would displace the one that the person has begun.
func TestAnotherSitesPageBeginsNoStepUp(t *testing.T) {
	_, ada := stale(t)
	for _, fetch := range [][4]string{
		{"same-site", "no-cors", "image"}, {"same-site", "cors", "empty"}, {"same-site", "navigate", "iframe"}, {"cross-site", "no-cors", "script"},
		{"none", "navigate", "document", "prefetch"},
	} {
		req, err := http.NewRequest(http.MethodGet, "/fresh", nil)
		require.NoError(t, err)
		for i, name := range []string{"Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Purpose"} {
			req.Header.Set(name, fetch[i])
		}
		res, err := ada.Do(req)
		require.NoError(t, err)
		assert.Contains(t, bodyOf(t, res), "This request came from another site", fetch)
		assert.Equal(t, http.StatusForbidden, res.StatusCode, fetch)
		assert.Empty(t, res.Cookies(), fetch)
	}
	askedBy(t, ada, "/fresh")
}

func TestFreshForPrograms(t *testing.T) {
	app, ada := stale(t)
	got := request{method: http.MethodGet, path: "/fresh", accept: asJSON}.send(t, ada)
	assert.Equal(t, http.StatusUnauthorized, got.StatusCode)
	assert.Equal(t, "application/problem+json", got.Header.Get("Content-Type"))
	assert.Equal(t, `Bearer error="insufficient_user_authentication", max_age="300"`, got.Header.Get("WWW-Authenticate"))
	assert.Contains(t, got.body, `"error":"insufficient_user_authentication"`)
	assert.Contains(t, got.body, `"max_age":300`)
	assert.NotContains(t, got.body, "acr_values")
	assert.Empty(t, got.Header.Get("Set-Cookie"))
	got = request{method: http.MethodGet, path: "/fresh", accept: asJSON}.send(t, app.Anonymous())
	assert.Equal(t, http.StatusUnauthorized, got.StatusCode)
	assert.NotContains(t, got.body, "insufficient_user_authentication")
}

// An API's challenge of RFC 9470 leads to a sign-in with exactly these values, and back
// to the page. An API that is never satisfied leads to no loop.
func TestAnAPIThatRequiresAStepUp(t *testing.T) {
	apptest.NeedsPage(t, "/call_api")
	for name, c := range map[string]struct {
		challenge   string
		maxAge, acr []string
	}{
		"both":       {`Bearer realm="x", error="insufficient_user_authentication", max_age=0, acr_values="gold silver"`, []string{"0"}, []string{"gold silver"}},
		"max_age":    {`Bearer error="insufficient_user_authentication", max_age="60"`, []string{"60"}, nil},
		"acr_values": {`Bearer error="insufficient_user_authentication", acr_values="gold"`, nil, []string{"gold"}},
	} {
		t.Run(name, func(t *testing.T) {
			content := false
			api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if !content {
					w.Header().Set("WWW-Authenticate", c.challenge)
					w.WriteHeader(http.StatusUnauthorized)
				}
			}))
			defer api.Close()
			app := apptest.New(t, apptest.WithAPI(api.URL, "engines/read"))
			ada := app.SignIn(apptest.User{Name: "Ada Lovelace"})
			ada.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			for range 2 {
				location, asked := askedBy(t, ada, "/call_api?x=1")
				assert.Equal(t, c.maxAge, asked["max_age"])
				assert.Equal(t, c.acr, asked["acr_values"])
				assert.Empty(t, asked["claims"])
				back := app.ComeBack(ada, location, apptest.User{Name: "Ada Lovelace", AuthTime: apptest.NoAuthTime})
				require.Equal(t, http.StatusSeeOther, back.StatusCode, bodyOf(t, back))
				assert.Equal(t, "/call_api?x=1", back.Header.Get("Location"))
			}
			status, body := page(t, ada, "/call_api?x=1")
			assert.Equal(t, http.StatusForbidden, status)
			assert.Contains(t, body, "Signing in again did not help")
			content = true
			app.Clock.Advance(3 * time.Minute)
			status, _ = page(t, ada, "/call_api?x=1")
			assert.Equal(t, http.StatusOK, status)
		})
	}
}

// A challenge that cannot be met is the API's response, and no sign-in begins.
func TestAHostileChallengeStartsNoSignIn(t *testing.T) {
	apptest.NeedsPage(t, "/call_api")
	var challenge string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(api.Close)
	app := apptest.New(t, apptest.WithAPI(api.URL, "engines/read"))
	for _, challenge = range []string{
		`Bearer error="insufficient_user_authentication"`,
		`Bearer error="insufficient_user_authentication", max_age=-1`,
		`Bearer error="insufficient_user_authentication", max_age=99999999999999999999`,
		`Bearer error="insufficient_user_authentication", acr_values="gold\\"`,
	} {
		status, body := page(t, app.SignIn(apptest.User{Name: "Ada Lovelace"}), "/call_api")
		assert.Equal(t, http.StatusOK, status, challenge)
		assert.Contains(t, body, "401")
	}
	assert.Len(t, app.Provider.Requests(), 4)
}
