//go:build integration

package journeys

import (
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
)

// startB2C is startTenancyAt with the user flows of Azure AD B2C.
func startB2C(t *testing.T, port int, a arrangement) tenancy {
	t.Helper()
	a.authority = "contoso.example/B2C_1_signupsignin1"
	env := map[string]string{"EDITPROFILE_USER_FLOW": "B2C_1_profileediting1", "RESETPASSWORD_USER_FLOW": "B2C_1_passwordreset1"}
	maps.Copy(env, a.env)
	a.env = env
	return startTenancyAt(t, port, a)
}

func TestEditProfile(t *testing.T) {
	y := startB2C(t, browsertest.FreePort(t), arrangement{})
	tab := y.signedIn(t, member)
	require.Empty(t, shared.axe.Violations(tab))

	require.Equal(t, http.StatusOK, tab.Follow("link", "Edit profile"))
	require.True(t, tab.Has("heading", "Edit your profile"), tab.Text())
	require.Equal(t, http.StatusOK, tab.Follow("button", "Cancel"))
	requireHome(t, y.app, tab, member)

	tab.Follow("link", "Edit profile")
	tab.Run(`document.getElementById("name").value = ""`)
	tab.Type("Display name", "Adele Newname")
	require.Equal(t, http.StatusOK, tab.Follow("button", "Continue"))
	requireHome(t, y.app, tab, "Adele Newname")
	require.Equal(t, http.StatusOK, tab.Follow("link", "Call an API"))
	y.requireCalled(t, tab, "/call_api")
}

func TestForgottenPassword(t *testing.T) {
	y := startB2C(t, browsertest.FreePort(t), arrangement{})
	tab := shared.browser.Visitor(t).Tab()
	require.Equal(t, http.StatusUnauthorized, tab.Open(y.app.URL+"/call_api?x=1"))
	goToPicker(t, tab)
	require.Equal(t, http.StatusOK, tab.Follow("button", "Forgot your password?"))
	require.True(t, tab.Has("heading", "Reset your password"), tab.Text())

	// A person who cancels is back at the sign-in.
	require.Equal(t, http.StatusUnauthorized, tab.Follow("button", "Cancel"))
	require.Equal(t, y.app.URL+"/call_api?x=1", tab.URL())
	goToPicker(t, tab)
	tab.Follow("button", "Forgot your password?")

	require.Equal(t, http.StatusOK, pick(t, tab, member))
	require.True(t, tab.Has("heading", "Pick an account"), "the new password signs nobody in:\n%s", tab.Text())
	require.Equal(t, http.StatusOK, pick(t, tab, member))
	y.requireCalled(t, tab, "/call_api?x=1")
}

// In the sign-up and sign-in flow of B2C a person can register, and cancel that.
func TestRegistrationInAUserFlow(t *testing.T) {
	y := startB2C(t, browsertest.FreePort(t), arrangement{})
	tab := shared.browser.Visitor(t).Tab()
	tab.Open(y.app.URL)
	require.False(t, tab.Has("link", "Create account"), "B2C does not offer to begin with it")
	goToPicker(t, tab)
	require.Equal(t, http.StatusOK, tab.Follow("button", "Sign up now"))
	require.Equal(t, http.StatusOK, tab.Follow("button", "Cancel"))
	require.True(t, tab.Has("link", "Sign in"), tab.Text())
	goToPicker(t, tab)
	tab.Follow("button", "Sign up now")
	tab.Type("Display name", "Nora Newcomer")
	require.Equal(t, http.StatusOK, tab.Follow("button", "Create"))
	requireHome(t, y.app, tab, "Nora Newcomer")
}

// External ID begins with the registration if the application asks for it.
func TestCreateAccount(t *testing.T) {
	y := startTenancy(t, arrangement{provider: fakeidp.Config{SignUp: true}})
	tab := shared.browser.Visitor(t).Tab()
	tab.Resize(browsertest.Phone)
	require.Equal(t, http.StatusUnauthorized, tab.Open(y.app.URL+"/call_api?x=1"))
	assert.Empty(t, shared.axe.Violations(tab))
	require.Equal(t, http.StatusOK, tab.Follow("link", "Create account"))
	require.True(t, tab.Has("heading", "Create an account"), tab.Text())
	tab.Type("Display name", "Nora Newcomer")
	require.Equal(t, http.StatusOK, tab.Follow("button", "Create"))
	y.requireCalled(t, tab, "/call_api?x=1")
	require.Equal(t, http.StatusOK, tab.Open(y.app.URL))
	requireHome(t, y.app, tab, "Nora Newcomer")
}

// A form_post callback carries no session cookie, so the edited profile comes with a new
// sign-in, for which the provider asks nothing.
func TestEditProfileWithFormPost(t *testing.T) {
	port := browsertest.FreePort(t)
	origin := startTLSProxy(t, port)
	y := startB2C(t, port, arrangement{
		client: func(c *fakeidp.Client, _ string) { c.RedirectURIs = []string{origin + "/getAToken"} },
		env:    map[string]string{"REDIRECT_URI": origin + "/getAToken", "RESPONSE_MODE": "form_post"},
	})
	y.app.URL = origin
	tab := shared.browser.Visitor(t).Tab()
	tab.TrustAnyCertificate()
	tab.Open(origin)
	goToPicker(t, tab)
	tab.Follow("button", member)
	tab.Arrive(origin + "/")

	tab.Follow("link", "Edit profile")
	tab.Run(`document.getElementById("name").value = ""`)
	tab.Type("Display name", "Adele Newname")
	tab.Follow("button", "Continue")
	tab.Arrive(origin + "/")
	tab.WaitFor("heading", "Welcome Adele Newname!", false)
}
