//go:build integration

package journeys

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/browsertest"
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

func TestNarrowScreensDoNotScrollSideways(t *testing.T) {
	for name, screen := range map[string]browsertest.Screen{"phone": browsertest.Phone, "zoomed to 200%": browsertest.Zoomed} {
		t.Run(name, func(t *testing.T) {
			everyPage(t, func(tab *browsertest.Tab) { tab.Resize(screen) }, func(t *testing.T, tab *browsertest.Tab) {
				require.Zero(t, tab.Overflow(), "pixels that %s is too wide", tab.URL())
			})
		})
	}
}

func TestAccessibility(t *testing.T) {
	for _, scheme := range []browsertest.Scheme{browsertest.Light, browsertest.Dark} {
		t.Run(string(scheme), func(t *testing.T) {
			everyPage(t, func(tab *browsertest.Tab) { tab.Prefer(scheme) }, func(t *testing.T, tab *browsertest.Tab) {
				for _, v := range shared.axe.Violations(tab) {
					t.Errorf("%s: %s", tab.URL(), v)
				}
			})
		})
	}
}
