//go:build integration

package journeys

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
)

var copiedLink = regexp.MustCompile(`http://\S+/v2\.0/adminconsent\?\S+`)

// A person gets a link instead of a sign-in and hands it on. The administrator declines,
// then approves in another browser. After that the person signs in.
func TestAdminConsent(t *testing.T) {
	y := startTenancy(t, arrangement{client: func(c *fakeidp.Client, _ string) { c.NeedsAdminConsent = []string{"User.Read"} }})
	person := shared.browser.Visitor(t).Tab()
	for _, language := range []string{"de", "zh-Hans", "en"} {
		texts := textsIn(t, language)
		person.Speak(language)
		person.Open(y.app.URL + "/login")
		require.Equal(t, http.StatusForbidden, person.Follow("button", member))
		assert.Contains(t, person.Text(), texts["aadsts.adminconsent.sentence"])
		assert.Contains(t, person.Text(), texts["adminconsent.sentence"])
		person.Resize(browsertest.Phone)
		assert.Zero(t, person.Overflow(), language)
		person.Resize(desktop)
	}
	lookInEnglish(t, person)
	link := copiedLink.FindString(person.Text())
	require.NotEmpty(t, link)
	assert.NotContains(t, link, "state=")

	administrator := shared.browser.Visitor(t).Tab()
	require.Equal(t, http.StatusOK, administrator.Open(link))
	lookInEnglish(t, administrator)
	require.Contains(t, administrator.Text(), "User.Read")
	require.Equal(t, http.StatusForbidden, administrator.Follow("button", "Cancel"))
	require.True(t, administrator.Has("heading", "Consent was not given"), administrator.Text())
	administrator.Open(link)
	require.Equal(t, http.StatusOK, administrator.Follow("button", "Accept as "+admin))
	require.True(t, administrator.Has("heading", "Consent was given"), administrator.Text())

	require.Equal(t, http.StatusOK, person.Follow("link", "Approve this application as an administrator"), "the link itself works too")
	require.True(t, person.Has("heading", "Permissions requested"), person.Text())
	person.Open(y.app.URL)
	signInAs(t, person, member)
	requireHome(t, y.app, person, member)
}
