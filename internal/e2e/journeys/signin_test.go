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

func TestSignIn(t *testing.T) {
	app, tab := visit(t)

	require.Equal(t, http.StatusOK, tab.Open(app.URL))
	signInAs(t, tab, member)

	requireHome(t, app, tab, member)
	require.Contains(t, tab.Text(), "adele.vance@contoso.example")
	require.False(t, tab.Has("cell", member), "the claims are folded away")
	tab.Click("DisclosureTriangle", "Claims of your ID token")
	require.True(t, tab.Has("cell", member), "the claims can be unfolded")
	require.Equal(t, http.StatusOK, tab.Reload())
	requireHome(t, app, tab, member)
}

func TestRolesAndGuestsAreShown(t *testing.T) {
	_, tab := signedIn(t, admin)
	require.Contains(t, tab.Text(), "Admin")

	_, tab = signedIn(t, guest)
	require.Contains(t, tab.Text(), "Guest")
}

func TestDeepLinkComesBackAfterSignIn(t *testing.T) {
	app, tab := visit(t)
	const wanted = "/call_api?x=1&y=%2Fa%20b"

	require.Equal(t, http.StatusUnauthorized, tab.Open(app.URL+wanted))
	require.Equal(t, app.URL+wanted, tab.URL())
	signInAs(t, tab, member)

	require.Equal(t, app.URL+wanted, tab.URL())
	require.True(t, tab.Has("heading", "API response"), tab.Text())
}

// With a BASE_PATH, every page is below it, links and redirects included, and a
// sign-in can return to a page of another application on the same origin.
func TestEveryPageBelowABasePath(t *testing.T) {
	port := browsertest.FreePort(t)
	origin := fmt.Sprintf("http://localhost:%d", port)
	app := browsertest.StartApp(t, browsertest.AppConfig{Binary: shared.binary, Port: port, Args: []string{"-demo"}, Env: map[string]string{
		"BASE_PATH": "/_signin", "REDIRECT_URI": origin + "/_signin/getAToken",
	}})
	require.Equal(t, origin+"/_signin", app.URL)
	tab := shared.browser.Visitor(t).Tab()
	tour{app, tab}.walk(t, append(anonymousPages(), personalPages(trap(t, app))...), func(t *testing.T, tab *browsertest.Tab) {
		require.False(t, strings.HasPrefix(tab.URL(), origin) && !strings.HasPrefix(tab.URL(), app.URL), tab.URL())
	})

	require.Equal(t, http.StatusOK, tab.Open(app.URL))
	signInAs(t, tab, member)
	requireHome(t, app, tab, member)
	require.Equal(t, http.StatusOK, tab.Follow("link", "Call an API"))
	require.Equal(t, app.URL+"/call_api", tab.URL())
	signOut(t, app, tab)
	require.Equal(t, app.URL+"/", tab.URL())

	require.Equal(t, http.StatusUnauthorized, tab.Open(app.URL+"/call_api?x=1&y=2"))
	signInAs(t, tab, member)
	require.Equal(t, app.URL+"/call_api?x=1&y=2", tab.URL())
	signOut(t, app, tab)

	tab.Open(app.URL + "/login?return_to=%2Freports%3Fa%3D1%26b%3D2")
	require.Equal(t, http.StatusNotFound, pick(t, tab, member), "this test has no other application")
	require.Equal(t, origin+"/reports?a=1&b=2", tab.URL())
}

func TestCallAPI(t *testing.T) {
	app, tab := signedIn(t, member)

	require.Equal(t, http.StatusOK, tab.Follow("link", "Call an API"))

	require.Equal(t, app.URL+"/call_api", tab.URL())
	require.Contains(t, tab.Text(), "200")
	require.Contains(t, tab.Text(), `"displayName": "Adele Vance"`)
	require.Equal(t, http.StatusOK, tab.Follow("link", "Back to the home page"))
	requireHome(t, app, tab, member)
}

func TestTwoTabsSignInAtOnce(t *testing.T) {
	app := startDemo(t)
	visitor := shared.browser.Visitor(t)
	first, second := visitor.Tab(), visitor.Tab()

	first.Open(app.URL + "/call_api?tab=1")
	second.Open(app.URL + "/call_api?tab=2")
	goToPicker(t, first)
	goToPicker(t, second)
	require.Equal(t, http.StatusOK, pick(t, second, member))
	require.Equal(t, http.StatusOK, pick(t, first, member))

	require.Equal(t, app.URL+"/call_api?tab=1", first.URL())
	require.Equal(t, app.URL+"/call_api?tab=2", second.URL())
	require.Equal(t, http.StatusOK, first.Open(app.URL))
	requireHome(t, app, first, member)
	require.Equal(t, http.StatusOK, second.Open(app.URL))
	requireHome(t, app, second, member)
}

func TestDeclinedSignIn(t *testing.T) {
	app, tab := visit(t)
	tab.Open(app.URL)
	goToPicker(t, tab)

	require.Equal(t, http.StatusForbidden, tab.Follow("button", "Cancel"))

	require.True(t, tab.Has("heading", "Sign-in was cancelled"), tab.Text())
	signInAs(t, tab, member)
	requireHome(t, app, tab, member)
}

func TestRefusedAccount(t *testing.T) {
	app, tab := visit(t)
	tab.Open(app.URL)
	goToPicker(t, tab)

	require.Equal(t, http.StatusForbidden, pick(t, tab, refused))

	tab.Click("DisclosureTriangle", "Details for your administrator")
	page := tab.Text()
	require.Contains(t, page, "AADSTS50105")
	require.Regexp(t, `Correlation ID:\s+[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`, page)
	requireAnonymous(t, app, tab)
}

func TestSignInAsSomebodyElse(t *testing.T) {
	app, tab := signedIn(t, member)
	signOut(t, app, tab)

	tab.Open(app.URL)
	signInAs(t, tab, admin)

	requireHome(t, app, tab, admin)
	require.NotContains(t, tab.Text(), member)
}

// A person can sign in after they have abandoned a sign-in at the provider.
func TestAbandonedSignIn(t *testing.T) {
	app, tab := visit(t)
	tab.Open(app.URL)
	goToPicker(t, tab)

	tab.Back()
	signInAs(t, tab, member)

	requireHome(t, app, tab, member)
}

// An attacker who sends a person to the callback with the attacker's code does not
// sign that person in (login CSRF).
func TestForeignCallbackSignsNobodyIn(t *testing.T) {
	app, tab := visit(t)
	tab.Open(app.URL)
	goToPicker(t, tab)

	require.Equal(t, http.StatusBadRequest, tab.Open(app.URL+"/getAToken?code=stolen&state=somebody-elses"))
	require.True(t, tab.Has("link", "Sign in"), "the error page offers a way on:\n%s", tab.Text())
	requireAnonymous(t, app, tab)
}

func TestCookiesAreFewAndSmall(t *testing.T) {
	app, tab := visit(t)
	tab.Open(app.URL)
	tab.Open(app.URL + "/no-such-page")
	require.Empty(t, tab.Cookies(app.URL))

	tab.Open(app.URL)
	signInAs(t, tab, member)
	for _, c := range tab.Cookies(app.URL) {
		require.True(t, c.HttpOnly, "cookie %s is readable by scripts", c.Name)
		require.Less(t, len(c.Name)+len(c.Value), 512, "cookie %s is large", c.Name)
	}
}

func TestEveryPageSaysThatItIsADemo(t *testing.T) {
	app, tab := visit(t)
	for _, path := range []string{"/", "/call_api", "/logout", "/no-such-page", "/getAToken"} {
		tab.Open(app.URL + path)
		requireDemo(t, tab)
	}
	tab.Open(app.URL)
	goToPicker(t, tab)
	requireDemo(t, tab)
	pick(t, tab, member)
	for _, path := range []string{"/", "/call_api", "/logout", "/no-such-page", "/getAToken"} {
		tab.Open(app.URL + path)
		requireDemo(t, tab)
	}
	tab.Open(app.URL)
	signOut(t, app, tab)
	requireDemo(t, tab)
	require.NotContains(t, strings.ToLower(tab.Text()), "adele")
}
