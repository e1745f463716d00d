//go:build integration

package journeys

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/browsertest"
)

// stop is one page of the tour: how to get there from the stop before it, and
// what tells that it is there.
type stop struct {
	name    string
	heading string
	status  int
	walk    func(app *browsertest.App, tab *browsertest.Tab) int
}

// tour looks at every kind of page that a person can come to, the provider's
// own among them, each in a subtest of its name.
func tour(t *testing.T, prepare func(*browsertest.Tab), look func(*testing.T, *browsertest.Tab)) {
	t.Helper()
	app, tab := visit(t)
	prepare(tab)
	for _, s := range stops() {
		status := s.walk(app, tab)
		require.Equal(t, s.status, status, "%s: %s", s.name, tab.Text())
		require.True(t, tab.Has("heading", s.heading), "%s: %s", s.name, tab.Text())
		t.Run(s.name, func(t *testing.T) { look(t, tab) })
	}
}

func stops() []stop {
	open := func(path string) func(*browsertest.App, *browsertest.Tab) int {
		return func(app *browsertest.App, tab *browsertest.Tab) int { return tab.Open(app.URL + path) }
	}
	follow := func(role, name string) func(*browsertest.App, *browsertest.Tab) int {
		return func(_ *browsertest.App, tab *browsertest.Tab) int { return tab.Follow(role, name) }
	}
	return []stop{
		{"sign-in", "Welcome", http.StatusOK, open("/")},
		{"account picker", "Pick an account", http.StatusOK, follow("link", "Sign in")},
		{"declined", "Sign-in was cancelled", http.StatusForbidden, follow("button", "Cancel")},
		{"account picker again", "Pick an account", http.StatusOK, follow("link", "Sign in")},
		{"refused by the provider", "The sign-in service refused the sign-in", http.StatusForbidden, follow("button", refused)},
		{"foreign sign-in", "This sign-in cannot be finished here", http.StatusBadRequest, open("/getAToken?code=x&state=c29tZWJvZHkgZWxzZSdz")},
		{"bad callback", "This sign-in link is not valid", http.StatusBadRequest, open("/getAToken")},
		{"sign-in asked for by a page", "Sign in to continue", http.StatusUnauthorized, open("/call_api?x=1")},
		{"not found", "Page not found", http.StatusNotFound, open("/no-such-page")},
		{"nobody to sign out", "Nobody is signed in", http.StatusOK, open("/logout")},
		{"home", "Welcome " + admin + "!", http.StatusOK, func(app *browsertest.App, tab *browsertest.Tab) int {
			tab.Open(app.URL)
			tab.Follow("link", "Sign in")
			return tab.Follow("button", admin)
		}},
		{"home with its claims", "Welcome " + admin + "!", http.StatusOK, func(app *browsertest.App, tab *browsertest.Tab) int {
			status := tab.Open(app.URL)
			tab.Click("DisclosureTriangle", "Claims of your ID token")
			return status
		}},
		{"API answer", "API answer", http.StatusOK, open("/call_api")},
		{"not found, signed in", "Page not found", http.StatusNotFound, open("/no-such-page")},
		{"sign out?", "Sign out?", http.StatusOK, open("/logout")},
		{"signed out", "You are signed out", http.StatusOK, func(app *browsertest.App, tab *browsertest.Tab) int {
			tab.Open(app.URL)
			return tab.Follow("button", "Sign out")
		}},
	}
}
