//go:build integration

package journeys

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// groupID matches the group IDs of the demo provider.
var groupID = regexp.MustCompile(`b[0-9a-f]{7}-4d2e-4b91-8c05-[0-9a-f]{12}`)

// A thousand groups do not fit into a token, so the application gets them from the
// directory. While the directory is down, the page says so and shows no incomplete
// list.
func TestThousandGroups(t *testing.T) {
	y := startTenancy(t, arrangement{})
	tab := y.signedIn(t, manyGroups)
	y.idp.Fail(fakeidp.EndpointMemberGroups, fakeidp.Fault{Status: http.StatusServiceUnavailable})

	require.Equal(t, http.StatusServiceUnavailable, tab.Follow("link", "See your groups"))
	require.True(t, tab.Has("heading", "Your groups cannot be read at the moment"), tab.Text())
	require.Contains(t, tab.Text(), "You are still signed in.")
	require.NotContains(t, tab.Text(), "You belong to no group")

	y.idp.Heal()
	require.Equal(t, http.StatusOK, tab.Follow("link", "Try again"))
	require.Equal(t, y.app.URL+"/groups", tab.URL())
	require.Contains(t, tab.Text(), "1000")
	require.Len(t, groupID.FindAllString(tab.Text(), -1), 1000, "each is listed")
	lookInEnglish(t, tab)
}
