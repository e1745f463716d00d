//go:build integration

package journeys

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// stepUp is a claims challenge of Conditional Access.
const stepUp = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`

// shortLived makes every API call refresh the token, because the application
// refreshes tokens five minutes before they expire.
var shortLived = fakeidp.Config{AccessTokenLifetime: 2 * time.Minute}

// A page that needs more scopes than the sign-in leads to the provider's consent
// page with exactly the missing scopes, and back.
func TestIncrementalConsent(t *testing.T) {
	y := startTenancy(t, arrangement{
		client: func(c *fakeidp.Client, _ string) { c.NeedsConsent = []string{"User.Read"} },
		env:    map[string]string{"SCOPE": "Calendars.Read"},
	})
	tab := y.signedIn(t, manyGroups)
	require.Equal(t, http.StatusOK, tab.Open(y.app.URL+"/groups?from=team&x=%2Fa"))
	requireSuggestion(t, tab, manyGroups)

	tab.Follow("button", manyGroups)
	accept(t, tab, "User.Read")

	require.Equal(t, y.app.URL+"/groups?from=team&x=%2Fa", tab.URL())
	require.Contains(t, tab.Text(), "1000")
	require.Equal(t, http.StatusOK, tab.Follow("link", "Home"))
	requireHome(t, y.app, tab, manyGroups)
}

// After an administrator withdraws a consent, the next API call asks for it again. A
// person who declines stays signed in.
func TestConsentWithdrawn(t *testing.T) {
	y := startTenancy(t, arrangement{provider: shortLived})
	tab := y.signedIn(t, member)
	tab.Open(y.app.URL + "/call_api?x=1")
	y.requireCalled(t, tab, "/call_api?x=1")

	client := fakeidp.DefaultClient()
	client.NeedsConsent = []string{"User.Read"}
	y.idp.AddClient(client)
	tab.Reload()
	requireSuggestion(t, tab, member)
	tab.Follow("button", member)
	require.Equal(t, http.StatusForbidden, tab.Follow("button", "Cancel"))
	require.Contains(t, tab.Text(), "Sign-in was cancelled")
	require.Equal(t, http.StatusOK, tab.Follow("link", "Home"))
	requireHome(t, y.app, tab, member)

	tab.Open(y.app.URL + "/call_api?x=1")
	tab.Follow("button", member)
	accept(t, tab, "User.Read")

	y.requireCalled(t, tab, "/call_api?x=1")
}

// Continuous access evaluation: the API demands more claims. The browser goes to the
// provider and back to the same page, which then works.
func TestStepUp(t *testing.T) {
	y := startTenancy(t, arrangement{})
	tab := y.signedIn(t, member)
	y.idp.DemandClaims(stepUp)
	y.idp.SignOut(fakeidp.UserMember)

	tab.Open(y.app.URL + "/call_api?x=1&y=%2Fa%20b")
	requireSuggestion(t, tab, member)
	asked := y.idp.Log(fakeidp.EndpointAuthorize)
	require.Contains(t, asked[len(asked)-1].Form.Get("claims"), `"acrs"`)
	require.Equal(t, http.StatusOK, tab.Follow("button", member), tab.Text())

	y.requireCalled(t, tab, "/call_api?x=1&y=%2Fa%20b")
	sent := y.idp.Requests(fakeidp.EndpointAuthorize)
	require.Equal(t, http.StatusOK, tab.Follow("link", "Call again"))
	y.requireCalled(t, tab, "/call_api")
	require.Equal(t, sent, y.idp.Requests(fakeidp.EndpointAuthorize), "once is enough")
}

// An API that always demands more claims does not cause an endless loop.
func TestLoopGuard(t *testing.T) {
	y := startTenancy(t, arrangement{env: map[string]string{"ENDPOINT": insatiable(t)}})
	tab := y.signedIn(t, member)
	before := y.idp.Requests(fakeidp.EndpointAuthorize)

	require.Equal(t, http.StatusForbidden, tab.Open(y.app.URL+"/call_api?x=1"))

	require.True(t, tab.Has("heading", "Signing in again did not help"), tab.Text())
	require.Equal(t, before+2, y.idp.Requests(fakeidp.EndpointAuthorize), "two rounds")
	require.Equal(t, http.StatusForbidden, tab.Reload())
	require.Equal(t, before+2, y.idp.Requests(fakeidp.EndpointAuthorize), "and not one more")
	require.Equal(t, http.StatusOK, tab.Follow("link", "Home"))
	requireHome(t, y.app, tab, member)
}

// insatiable runs an API that responds to every request with a challenge, and
// returns its URL.
func insatiable(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="", error="insufficient_claims", claims="%s"`,
			base64.StdEncoding.EncodeToString([]byte(stepUp))))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// Tokens that expire soon are refreshed at each call, each time with the newest
// refresh token. An expired refresh token leads through a sign-in and leaves the
// session. A revoked grant (AADSTS50173) ends the session.
func TestRefreshRotationAndRevocation(t *testing.T) {
	y := startTenancy(t, arrangement{provider: shortLived})
	tab := y.signedIn(t, member)
	tab.Open(y.app.URL + "/call_api")
	for range 3 {
		require.Equal(t, http.StatusOK, tab.Follow("link", "Call again"))
		y.requireCalled(t, tab, "/call_api")
	}
	used := map[string]bool{}
	for _, r := range y.idp.Log(fakeidp.EndpointToken) {
		if r.Form.Get("grant_type") == "refresh_token" {
			used[r.Form.Get("refresh_token")] = true
		}
	}
	require.Len(t, used, 4, "four calls, four different refresh tokens")

	y.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Times: 1, Error: &fakeidp.Error{Number: 700082, Code: "invalid_grant"}})
	y.idp.SignOut(fakeidp.UserMember)
	tab.Open(y.app.URL)
	requireHome(t, y.app, tab, member)
	tab.Open(y.app.URL + "/call_api?n=5")
	requireSuggestion(t, tab, member)
	require.Equal(t, http.StatusOK, tab.Follow("button", member), tab.Text())
	y.requireCalled(t, tab, "/call_api?n=5")

	y.idp.RevokeRefreshTokens()
	tab.Open(y.app.URL + "/call_api?n=6")
	require.Equal(t, http.StatusOK, tab.Follow("link", "Sign in"), tab.Text())
	require.Equal(t, http.StatusOK, tab.Follow("button", member), tab.Text())
	y.requireCalled(t, tab, "/call_api?n=6")
}
