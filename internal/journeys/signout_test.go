//go:build integration

package journeys

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
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

func TestGetLogoutAsksAndSignsNobodyOut(t *testing.T) {
	app, tab := signedIn(t, member)

	require.Equal(t, http.StatusOK, tab.Open(app.URL+"/logout"))
	require.True(t, tab.Has("heading", "Sign out?"), tab.Text())
	require.Equal(t, http.StatusOK, tab.Follow("link", "Cancel"))
	requireHome(t, app, tab, member)
}

// The provider's own session has ended too: it does not sign the person in
// again without asking.
func TestSignInAfterSignOutAsksAgain(t *testing.T) {
	app, tab := signedIn(t, member)
	signOut(t, app, tab)

	require.Equal(t, http.StatusOK, tab.Follow("link", "Sign in again"))

	require.True(t, tab.Has("heading", "Pick an account"), tab.Text())
}
