//go:build integration

package journeys

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/test/browsertest"
)

func TestSignOut(t *testing.T) {
	app, tab := signedIn(t, member)

	signOut(t, app, tab)

	require.NotContains(t, tab.Text(), member)
	requireAnonymous(t, app, tab)
}

func TestSignedOutPageIsNotUndoneByBackOrReload(t *testing.T) {
	app, tab := signedIn(t, member)
	require.Equal(t, http.StatusOK, tab.Follow("link", "Call an API"))
	signOut(t, app, tab)

	for range 2 {
		tab.Back()
		require.NotContains(t, tab.Text(), "displayName", "the back button shows the page of a session that has ended")
	}
	require.Equal(t, http.StatusUnauthorized, tab.Open(app.URL+"/call_api"))
	requireAnonymous(t, app, tab)
	require.Equal(t, http.StatusOK, tab.Reload())
	require.True(t, tab.Has("link", "Sign in"))
}

func TestOldCookieIsDeadAfterSignOut(t *testing.T) {
	app, tab := signedIn(t, member)
	old := tab.Cookies(app.URL)
	require.NotEmpty(t, old)
	signOut(t, app, tab)

	thief := shared.browser.Visitor(t).Tab()
	for _, c := range old {
		thief.SetCookie(app.URL, c)
	}

	requireAnonymous(t, app, thief)
	require.Equal(t, http.StatusUnauthorized, thief.Open(app.URL+"/call_api"))
}

func TestSignOutEndsTheOtherTabToo(t *testing.T) {
	app := startDemo(t)
	visitor := shared.browser.Visitor(t)
	first, second := visitor.Tab(), visitor.Tab()
	first.Open(app.URL)
	signInAs(t, first, member)
	second.Open(app.URL)
	requireHome(t, app, second, member)

	signOut(t, app, first)

	require.Equal(t, http.StatusOK, second.Reload())
	require.True(t, second.Has("link", "Sign in"), second.Text())
	require.Equal(t, http.StatusUnauthorized, second.Open(app.URL+"/call_api"))
}

func TestGetLogoutAsksOnly(t *testing.T) {
	app, tab := signedIn(t, member)

	require.Equal(t, http.StatusOK, tab.Open(app.URL+"/logout"))
	require.True(t, tab.Has("heading", "Sign out?"), tab.Text())
	require.Equal(t, http.StatusOK, tab.Follow("link", "Cancel"))
	requireHome(t, app, tab, member)
}

func TestSignInAfterSignOutAsksAgain(t *testing.T) {
	app, tab := signedIn(t, member)
	signOut(t, app, tab)

	require.Equal(t, http.StatusOK, tab.Follow("link", "Sign in again"))

	require.True(t, tab.Has("heading", "Pick an account"), tab.Text())
}

// Another origin on the same site cannot sign the person out, although the browser
// sends the session cookie with its requests.
func TestAnotherOriginCannotSignOut(t *testing.T) {
	app, tab := signedIn(t, member)
	tab.Open(trap(t, app))

	require.Equal(t, http.StatusForbidden, tab.Follow("button", "Win a prize"))

	require.True(t, tab.Has("heading", "Request refused"), tab.Text())
	require.Equal(t, http.StatusOK, tab.Open(app.URL))
	requireHome(t, app, tab, member)
}

// trap serves a page on another port of localhost with a button that posts to the
// application's sign-out, and returns its URL.
func trap(t *testing.T, app *browsertest.App) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Trap</title>
			<form method="post" action="%s/logout"><button>Win a prize</button></form>`, app.URL)
	}))
	t.Cleanup(srv.Close)
	return strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
}
