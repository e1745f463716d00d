//go:build integration

package journeys

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// authenticatedAgo makes every ID token say that the person authenticated that long ago.
func (y tenancy) authenticatedAgo(ago time.Duration) {
	y.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Claims["auth_time"] = time.Now().Add(-ago).Unix() })
}

// A page for a recent sign-in: the demo needs nothing for it. The provider is asked once.
func TestFreshInTheDemo(t *testing.T) {
	app := startDemo(t)
	tab := shared.browser.Visitor(t).Tab()
	require.Equal(t, http.StatusUnauthorized, tab.Open(app.URL+"/fresh?x=1&y=%2Fa%20b"))
	signInAs(t, tab, member)
	require.Equal(t, app.URL+"/fresh?x=1&y=%2Fa%20b", tab.URL())
	require.True(t, tab.Has("heading", "Recent sign-in"), tab.Text())
	require.Contains(t, tab.Text(), "just now")
	require.Equal(t, http.StatusOK, tab.Reload())
	require.Empty(t, shared.axe.Violations(tab))
}

// An old sign-in leads to the provider and back to the same address. The person
// authenticates again, because the provider's own session is too old as well.
func TestFresh(t *testing.T) {
	y := startTenancy(t, arrangement{})
	y.authenticatedAgo(time.Hour)
	tab := y.signedIn(t, member)
	y.idp.SignOut(fakeidp.UserMember)
	y.idp.Mutate(nil)

	tab.Open(y.app.URL + "/fresh?x=1")
	requireSuggestion(t, tab, member)
	asked := y.idp.Log(fakeidp.EndpointAuthorize)
	last := asked[len(asked)-1].Form
	require.Equal(t, "300", last.Get("max_age"))
	require.Contains(t, last.Get("claims"), `"id_token":{"auth_time":{"essential":true}}`)
	require.Equal(t, http.StatusOK, tab.Follow("button", member), tab.Text())
	require.Equal(t, y.app.URL+"/fresh?x=1", tab.URL())
	require.True(t, tab.Has("heading", "Recent sign-in"), tab.Text())

	tab.Open(y.app.URL + "/call_api")
	y.requireCalled(t, tab, "/call_api")
}

// A provider that does not say when the person authenticated, or that ignores max_age,
// leads to a page that names the claim. The person stays signed in, and can try again.
func TestFreshRefused(t *testing.T) {
	y := startTenancy(t, arrangement{})
	tab := y.signedIn(t, member)
	for _, wrong := range []func(){
		func() { y.idp.Mutate(func(d *fakeidp.TokenDraft) { delete(d.Claims, "auth_time") }) },
		func() { y.authenticatedAgo(time.Hour) },
	} {
		wrong()
		before := y.idp.Requests(fakeidp.EndpointAuthorize)
		require.Equal(t, http.StatusForbidden, tab.Open(y.app.URL+"/fresh?x=1"))
		require.True(t, tab.Has("heading", "Your sign-in is not recent enough"), tab.Text())
		require.Contains(t, tab.Text(), "auth_time")
		require.Equal(t, before+1, y.idp.Requests(fakeidp.EndpointAuthorize), "no loop")
		lookInEnglish(t, tab)
		require.Equal(t, http.StatusOK, tab.Follow("link", "Home"))
		requireHome(t, y.app, tab, member)
	}
	require.Equal(t, http.StatusForbidden, tab.Open(y.app.URL+"/fresh?x=1"))
	y.idp.Mutate(nil)
	require.Equal(t, http.StatusOK, tab.Follow("link", "Try again"), tab.Text())
	require.Equal(t, y.app.URL+"/fresh?x=1", tab.URL())
}

// If another person comes back, that person is signed in, with nothing of the first
// person.
func TestFreshByAnotherPerson(t *testing.T) {
	y := startTenancy(t, arrangement{})
	tab := y.signedIn(t, admin)
	y.idp.SignOut(fakeidp.UserAdmin)
	tab.Open(y.app.URL + "/fresh")
	requireSuggestion(t, tab, admin)
	require.Equal(t, http.StatusOK, tab.Follow("button", member), tab.Text())
	require.True(t, tab.Has("heading", "Recent sign-in"), tab.Text())
	require.Equal(t, http.StatusForbidden, tab.Open(y.app.URL+"/admin"))
	require.Equal(t, http.StatusOK, tab.Follow("link", "Home"))
	requireHome(t, y.app, tab, member)
}

// An API that requires a step-up in the way of RFC 9470 works after the sign-in.
func TestAnAPIRequiresAStepUp(t *testing.T) {
	y := startTenancy(t, arrangement{})
	tab := y.signedIn(t, member)
	y.idp.DemandSignIn(fakeidp.Demand{ACR: "gold", MaxAge: new(time.Hour)})
	tab.Open(y.app.URL + "/call_api?x=1")
	y.requireCalled(t, tab, "/call_api?x=1")
	asked := y.idp.Log(fakeidp.EndpointAuthorize)
	last := asked[len(asked)-1].Form
	require.Equal(t, "gold", last.Get("acr_values"))
	require.Equal(t, "3600", last.Get("max_age"))

	y.idp.DemandSignIn(fakeidp.Demand{MaxAge: new(-time.Second)}) // never met
	require.Equal(t, http.StatusOK, tab.Open(y.app.URL+"/call_api"))
	require.Contains(t, tab.Text(), "401")
	require.Equal(t, len(asked), y.idp.Requests(fakeidp.EndpointAuthorize), "a negative age starts no sign-in")
}
