//go:build integration

package journeys

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/test/browsertest"
)

// everyPage checks every kind of page in a subtest, with the pages of the demo
// provider.
func everyPage(t *testing.T, look func(*testing.T, *browsertest.Tab)) {
	t.Helper()
	app := startDemo(t)
	tour{app, shared.browser.Visitor(t).Tab()}.walk(t, append(anonymousPages(), personalPages(trap(t, app))...), look)

	stranded := startStranded(t)
	tour{stranded, shared.browser.Visitor(t).Tab()}.walk(t, strandedPages(), look)
}

// startStranded runs the application with a provider that cannot be reached.
func startStranded(t *testing.T) *browsertest.App {
	t.Helper()
	return browsertest.StartApp(t, browsertest.AppConfig{Binary: shared.binary, Env: map[string]string{
		"OIDC_AUTHORITY": fmt.Sprintf("http://127.0.0.1:%d", browsertest.FreePort(t)),
		"CLIENT_ID":      "nobody",
		"CLIENT_SECRET":  "nothing",
	}})
}

// tour visits the pages of the application in one tab.
type tour struct {
	app *browsertest.App
	tab *browsertest.Tab
}

// stop is one page of a tour: an element on it, and the way to it from the page
// before.
type stop struct {
	name    string
	heading string
	status  int
	walk    func(tour) int
}

func (tr tour) walk(t *testing.T, stops []stop, look func(*testing.T, *browsertest.Tab)) {
	t.Helper()
	for _, s := range stops {
		status := s.walk(tr)
		require.Equal(t, s.status, status, "%s: %s", s.name, tr.tab.Text())
		require.True(t, tr.tab.Has("heading", s.heading), "%s: %s", s.name, tr.tab.Text())
		t.Run(s.name, func(t *testing.T) { look(t, tr.tab) })
	}
}

func open(path string) func(tour) int {
	return func(tr tour) int { return tr.tab.Open(tr.app.URL + path) }
}

func follow(role, name string) func(tour) int {
	return func(tr tour) int { return tr.tab.Follow(role, name) }
}

func anonymousPages() []stop {
	return []stop{
		{"sign-in", "Welcome", http.StatusOK, open("/")},
		{"account picker", "Pick an account", http.StatusOK, follow("link", "Sign in")},
		{"declined", "Sign-in was cancelled", http.StatusForbidden, follow("button", "Cancel")},
		{"account picker again", "Pick an account", http.StatusOK, follow("link", "Sign in")},
		{"refused by the provider", "You do not have access to this application", http.StatusForbidden, follow("button", refused)},
		{"foreign sign-in", "This sign-in cannot be completed here", http.StatusBadRequest, open("/getAToken?code=x&state=c29tZWJvZHkgZWxzZSdz")},
		{"bad callback", "This sign-in link is not valid", http.StatusBadRequest, open("/getAToken")},
		{"sign-in asked for by a page", "Sign in to continue", http.StatusUnauthorized, open("/call_api?x=1")},
		{"not found", "Page not found", http.StatusNotFound, open("/no-such-page")},
		{"too many parameters", "The request has too many fields", http.StatusBadRequest, open("/?" + strings.Repeat("x=y&", 100))},
		{"too long", "This address is too long", http.StatusRequestURITooLong, open("/login?" + strings.Repeat("x", 29<<10))},
		{"too many cookies", "Your browser sent too many cookies", http.StatusRequestHeaderFieldsTooLarge, withTooManyCookies},
		{"nobody to sign out", "You are not signed in", http.StatusOK, open("/logout")},
	}
}

// withTooManyCookies opens the home page with more cookies than the server accepts,
// and then deletes them. Cookies of a script may be set after the next request.
func withTooManyCookies(tr tour) int {
	name := func(i int) string { return fmt.Sprintf("big%d", i) }
	for i := range 10 {
		tr.tab.SetCookie(tr.app.URL, &http.Cookie{Name: name(i), Value: strings.Repeat("x", 2000)})
	}
	status := tr.tab.Open(tr.app.URL)
	for i := range 10 {
		tr.tab.DeleteCookie(tr.app.URL, name(i))
	}
	return status
}

func personalPages(trap string) []stop {
	home := "Welcome " + admin + "!"
	return []stop{
		{"home", home, http.StatusOK, func(tr tour) int {
			tr.tab.Open(tr.app.URL)
			tr.tab.Follow("link", "Sign in")
			return tr.tab.Follow("button", admin)
		}},
		{"home with its claims", home, http.StatusOK, func(tr tour) int {
			status := tr.tab.Open(tr.app.URL)
			tr.tab.Click("DisclosureTriangle", "Claims of your ID token")
			return status
		}},
		{"API response", "API response", http.StatusOK, open("/call_api")},
		{"recent sign-in", "Recent sign-in", http.StatusOK, follow("link", "Recent sign-in")},
		{"not found, signed in", "Page not found", http.StatusNotFound, open("/no-such-page")},
		{"sign out?", "Sign out?", http.StatusOK, open("/logout")},
		{"wrong method", "This request is not allowed here", http.StatusMethodNotAllowed, func(tr tour) int {
			tr.tab.Open(tr.app.URL)
			tr.tab.Run(`document.querySelector("form").action = "healthz"`)
			return tr.tab.Follow("button", "Sign out")
		}},
		{"sent by another site", "Request refused", http.StatusForbidden, func(tr tour) int {
			tr.tab.Open(trap)
			return tr.tab.Follow("button", "Win a prize")
		}},
		{"signed out", "You are signed out", http.StatusOK, func(tr tour) int {
			tr.tab.Open(tr.app.URL)
			return tr.tab.Follow("button", "Sign out")
		}},
	}
}

// strandedPages returns the pages of an application that cannot reach its provider.
func strandedPages() []stop {
	return []stop{
		{"sign-in without a provider", "Welcome", http.StatusOK, open("/")},
		{"provider not reachable", "The sign-in service cannot be reached", http.StatusServiceUnavailable, follow("link", "Sign in")},
	}
}
