//go:build integration

package journeys

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/test/browsertest"
)

// startShort runs the application with a short limit of the session.
func startShort(t *testing.T, limit string) tenancy {
	t.Helper()
	return startTenancy(t, arrangement{env: map[string]string{limit: "12s"}})
}

// A person who does nothing is warned in time and stays signed in with one key. A
// person who ignores the warning is signed out, is told so, and returns to the same
// page.
func TestStaySignedIn(t *testing.T) {
	y := startShort(t, "SESSION_IDLE_TIMEOUT")
	tab := y.signedIn(t, member)
	tab.IgnoreErrors(y.app.URL) // the browser reports 401 of GET /session as an error
	require.Equal(t, http.StatusOK, tab.Open(y.app.URL+"/sessions?a=1&b=2"))
	require.False(t, tab.Has("alertdialog", "Are you still there?"))

	tab.WaitFor("alertdialog", "Are you still there?", false)
	assert.Contains(t, tab.Text(), "you will be signed out in")
	assert.Contains(t, tab.Title(), "Are you still there?")
	assert.True(t, tab.FocusIsVisible())
	tab.TabTo("button", "Stay signed in")
	tab.Press(kb.Enter)
	tab.WaitFor("alertdialog", "Are you still there?", true)
	assert.Equal(t, "Your sessions - webapp", tab.Title())

	tab.WaitFor("alertdialog", "Are you still there?", false)
	tab.WaitFor("alertdialog", "You are signed out", false)
	lookInEnglish(t, tab)
	require.Equal(t, http.StatusOK, tab.Follow("link", "Sign in again"))
	require.Equal(t, http.StatusOK, pick(t, tab, member))
	require.Equal(t, y.app.URL+"/sessions?a=1&b=2", tab.URL())
}

// The warning works on every screen and in every colour scheme, and Escape closes it.
func TestTheWarningIsAccessible(t *testing.T) {
	_, tab := signedIn(t, member)
	tab.Run(`document.getElementById("session-end").dataset.warnIdle = "7200"`)
	comeBack(tab)
	tab.WaitFor("alertdialog", "Are you still there?", false)
	assert.Regexp(t, `you will be signed out in \d+ minutes`, tab.Text())
	lookInEnglish(t, tab)
	tab.Press(kb.Escape)
	tab.WaitFor("alertdialog", "Are you still there?", true)
	assert.Equal(t, "Home - webapp", tab.Title())
}

// comeBack makes the page believe that the person has come back to its window.
func comeBack(tab *browsertest.Tab) { tab.Run(`dispatchEvent(new Event("focus"))`) }

// A session ends after its lifetime, however much it is used.
func TestTheEndOfTheLifetimeIsAnnounced(t *testing.T) {
	y := startShort(t, "SESSION_LIFETIME")
	tab := y.signedIn(t, member)
	tab.IgnoreErrors(y.app.URL) // as above
	tab.WaitFor("alertdialog", "Your session is about to end", false)
	assert.Contains(t, tab.Text(), "cannot be extended")
	require.Equal(t, http.StatusOK, tab.Follow("link", "Sign in again"))
	require.Equal(t, http.StatusOK, pick(t, tab, member))
	requireHome(t, y.app, tab, member)
}

// A person who signs out in one tab learns of it in the other one.
func TestASessionThatEndedInAnotherTab(t *testing.T) {
	y := startTenancy(t, arrangement{})
	visitor := shared.browser.Visitor(t)
	first, second := visitor.Tab(), visitor.Tab()
	first.Open(y.app.URL)
	signInAs(t, first, member)
	first.IgnoreErrors(y.app.URL)
	second.Open(y.app.URL + "/sessions")
	signOut(t, y.app, second)

	comeBack(first)
	first.WaitFor("alertdialog", "You are signed out", false)
	require.Equal(t, http.StatusOK, first.Follow("link", "Sign in again"))
	require.True(t, first.Has("heading", "Pick an account"), first.Text())
}
