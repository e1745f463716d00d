//go:build integration

package journeys

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/test/browsertest"
)

func TestKeyboardAlone(t *testing.T) {
	app, tab := visit(t)
	tab.Open(app.URL)

	tab.TabTo("link", "Sign in")
	require.True(t, tab.FocusIsVisible(), "the focus on the sign-in link cannot be seen")
	require.Equal(t, http.StatusOK, tab.PressEnter())
	tab.TabTo("button", member)
	require.True(t, tab.FocusIsVisible(), "the focus on an account cannot be seen")
	require.Equal(t, http.StatusOK, tab.PressEnter())
	requireHome(t, app, tab, member)

	tab.TabTo("button", "Sign out")
	require.True(t, tab.FocusIsVisible(), "the focus on the sign-out button cannot be seen")
	require.Equal(t, http.StatusOK, tab.PressEnter())
	require.True(t, tab.Has("heading", "You are signed out"), tab.Text())
}

func TestWithoutScripts(t *testing.T) {
	app, tab := visit(t)
	tab.DisableScripts()
	tab.Open(app.URL)

	signInAs(t, tab, member)
	requireHome(t, app, tab, member)
	require.Equal(t, http.StatusOK, tab.Follow("link", "Call an API"))
	signOut(t, app, tab)
	requireAnonymous(t, app, tab)
}

// Every page is accessible, light and dark, and needs no sideways scrolling on a
// phone or at 200% zoom.
func TestEveryPageIsAccessible(t *testing.T) {
	everyPage(t, lookInEnglish)
}

// On a phone the header has two rows, however many links the navigation has.
func TestHeaderOfAPhoneHasTwoRows(t *testing.T) {
	_, tab := signedIn(t, member)
	tab.Resize(browsertest.Phone)
	two := tab.Height(".bar")
	require.LessOrEqual(t, two, 2*56, "a row is as high as a button, with space around it")
	tab.Run(`const list = document.querySelector("nav ul"); for (let i = 0; i < 20; i++) list.append(list.lastElementChild.cloneNode(true))`)
	require.Equal(t, two, tab.Height(".bar"))
	require.Zero(t, tab.Overflow(), "the navigation scrolls, the page does not")
}
