//go:build integration

package journeys

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
)

// User-Agents of browsers.
const (
	firefoxOnWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
	safariOnPhone    = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	chromeOnMac      = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)

// A person sees their sessions, ends one session and then all others. The other
// browsers get the sign-in page at their next click.
func TestOwnSessions(t *testing.T) {
	y := startTenancy(t, arrangement{})
	here := y.signedInWith(t, member, firefoxOnWindows)
	phone := y.signedInWith(t, member, safariOnPhone)
	y.signedIn(t, admin) // another person, whose session must stay

	require.Equal(t, http.StatusOK, here.Follow("link", "Your sessions"))
	require.True(t, here.Has("heading", "Firefox, Windows This browser"), here.Text())
	require.True(t, here.Has("heading", "Safari, iOS"), here.Text())
	require.Equal(t, 1, here.Count("button", "End this session"), "the other one can be ended")

	require.Equal(t, http.StatusOK, here.Follow("button", "End this session"))
	require.Contains(t, here.Text(), "No other sessions")
	requireSignInAsked(t, y, phone)
	require.Equal(t, http.StatusOK, here.Follow("link", "Home"))
	requireHome(t, y.app, here, member)

	signInAs(t, phone, member)
	laptop := y.signedInWith(t, member, chromeOnMac)
	here.Follow("link", "Your sessions")
	require.True(t, here.Has("heading", "Chrome, macOS"), here.Text())
	require.Equal(t, http.StatusOK, here.Follow("button", "End all other sessions"))
	require.Contains(t, here.Text(), "No other sessions")
	requireSignInAsked(t, y, phone)
	requireSignInAsked(t, y, laptop)
}

// requireSignInAsked follows a link and requires the sign-in page.
func requireSignInAsked(t *testing.T, y tenancy, tab *browsertest.Tab) {
	t.Helper()
	require.Equal(t, http.StatusUnauthorized, tab.Follow("link", "Call an API"), tab.Text())
	require.Equal(t, y.app.URL+"/call_api", tab.URL())
	require.True(t, tab.Has("heading", "Sign in to continue"), tab.Text())
}

// Sign-out of one application ends the session of another. The provider's page loads
// the front-channel logout URL in a hidden frame, which has no cookies and must be
// allowed to be framed.
func TestFrontChannelLogout(t *testing.T) {
	other := fakeidp.DefaultClient()
	other.ID, other.Name = "0d9e6a4b-27c1-4f35-b8aa-91c64e05d7f2", "Another application"
	// All ports of a host share their cookies, so the other application has another
	// host.
	port := browsertest.FreePort(t)
	origin := fmt.Sprintf("http://127.0.0.1:%d", port)
	other.RedirectURIs = []string{origin + "/getAToken"}
	y := startTenancy(t, arrangement{
		provider: fakeidp.Config{Clients: []fakeidp.Client{other}},
		client: func(c *fakeidp.Client, origin string) {
			c.FrontChannelLogoutURI = origin + "/frontchannel-logout"
		},
	})
	second := browsertest.StartApp(t, browsertest.AppConfig{Binary: shared.binary, Port: port, Env: map[string]string{
		"AUTHORITY": y.idp.Authority(fakeidp.ContosoTenantID), "CLIENT_ID": other.ID, "CLIENT_SECRET": fakeidp.DefaultClientSecret,
		"LISTEN_ADDR": fmt.Sprintf("127.0.0.1:%d", port), "REDIRECT_URI": origin + "/getAToken", "SCOPE": "", "ENDPOINT": "",
	}})
	second.URL = origin

	person := shared.browser.Visitor(t)
	here, there := person.Tab(), person.Tab()
	here.Open(y.app.URL)
	signInAs(t, here, member)
	there.Open(second.URL)
	signInAs(t, there, member)
	bystander := y.signedIn(t, member)

	require.Equal(t, http.StatusOK, there.Follow("button", "Sign out"))
	require.True(t, there.Has("heading", "You signed out"), "the provider's page:\n%s", there.Text())
	there.Arrive(second.URL)
	require.True(t, there.Has("heading", "You are signed out"), there.Text())

	requireSignInAsked(t, y, here)
	require.Equal(t, http.StatusOK, bystander.Reload())
	requireHome(t, y.app, bystander, member)
}

// A page for a role is open to people with that role. Others see which role they
// need.
func TestRoleOpensAPage(t *testing.T) {
	y := startTenancy(t, arrangement{})
	boss := y.signedIn(t, admin)
	require.Equal(t, http.StatusOK, boss.Follow("link", "Administration"))
	require.Equal(t, y.app.URL+"/admin", boss.URL())
	require.True(t, boss.Has("heading", "Administration"), boss.Text())

	tab := y.signedIn(t, member)
	require.False(t, tab.Has("link", "Administration"), "nobody is led to a closed door")
	require.Equal(t, http.StatusForbidden, tab.Open(y.app.URL+"/admin"))
	require.True(t, tab.Has("heading", "You do not have access to this page"), tab.Text())
	require.Regexp(t, `Missing role\s+Admin`, tab.Text())
	require.Equal(t, http.StatusOK, tab.Follow("link", "Go to the home page"))
	requireHome(t, y.app, tab, member)
}
