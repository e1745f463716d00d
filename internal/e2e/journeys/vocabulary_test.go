//go:build integration

package journeys

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/test/browsertest"
)

// The demo provider's accounts, by the names on its account picker.
const (
	member  = "Adele Vance"
	admin   = "Megan Bowen"
	guest   = "Alex Wilber"
	refused = "Diego Siciliani"
)

// startDemo runs the application with -demo.
func startDemo(t *testing.T) *browsertest.App {
	t.Helper()
	return browsertest.StartApp(t, browsertest.AppConfig{Binary: shared.binary, Args: []string{"-demo"}})
}

// visit runs the application with -demo and opens a tab in a new browser profile.
func visit(t *testing.T) (*browsertest.App, *browsertest.Tab) {
	t.Helper()
	return startDemo(t), shared.browser.Visitor(t).Tab()
}

// goToPicker follows the sign-in link on the page in the tab.
func goToPicker(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	require.Equal(t, http.StatusOK, tab.Follow("link", "Sign in"))
	require.True(t, tab.Has("heading", "Pick an account"), "the sign-in leads to the provider's account picker, not:\n%s", tab.Text())
}

// pick picks an account and returns the status of the next page.
func pick(t *testing.T, tab *browsertest.Tab, account string) int {
	t.Helper()
	return tab.Follow("button", account)
}

// signInAs signs account in from the sign-in page in the tab.
func signInAs(t *testing.T, tab *browsertest.Tab, account string) {
	t.Helper()
	goToPicker(t, tab)
	require.Equal(t, http.StatusOK, pick(t, tab, account), tab.Text())
}

// signedIn opens the application with -demo and signs account in.
func signedIn(t *testing.T, account string) (*browsertest.App, *browsertest.Tab) {
	t.Helper()
	app, tab := visit(t)
	tab.Open(app.URL)
	signInAs(t, tab, account)
	requireHome(t, app, tab, account)
	return app, tab
}

// requireHome requires the home page of account.
func requireHome(t *testing.T, app *browsertest.App, tab *browsertest.Tab, account string) {
	t.Helper()
	require.Equal(t, app.URL+"/", tab.URL())
	require.True(t, tab.Has("heading", "Welcome "+account+"!"), tab.Text())
	require.True(t, tab.Has("button", "Sign out"), tab.Text())
}

// requireAnonymous opens the home page and requires the sign-in page.
func requireAnonymous(t *testing.T, app *browsertest.App, tab *browsertest.Tab) {
	t.Helper()
	require.Equal(t, http.StatusOK, tab.Open(app.URL))
	require.True(t, tab.Has("link", "Sign in"), tab.Text())
	require.NotContains(t, tab.Text(), "Welcome "+member)
}

// signOut presses the sign-out button and waits for the end of the provider's
// sign-out.
func signOut(t *testing.T, app *browsertest.App, tab *browsertest.Tab) {
	t.Helper()
	require.Equal(t, http.StatusOK, tab.Follow("button", "Sign out"))
	require.True(t, strings.HasPrefix(tab.URL(), app.URL+"/"), "signed out at %s", tab.URL())
	require.True(t, tab.Has("heading", "You are signed out"), tab.Text())
}

// requireDemo requires the notice that this is a demo.
func requireDemo(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	require.Contains(t, strings.ToLower(tab.Text()), "demo", "the page at %s does not say that it is a demo", tab.URL())
}
