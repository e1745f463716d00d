//go:build integration

package journeys

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/test/redirecttest"
)

// The resolver of redirecttest must return another origin wherever the browser does.
func TestResolverAgreesWithTheBrowser(t *testing.T) {
	const own = "http://localhost:3000"
	_, tab := visit(t)
	var locations []string
	for _, p := range payloads(t) {
		if utf8.ValidString(p.Text) { // a script's strings cannot have other bytes
			locations = append(locations, p.Text)
		}
	}
	require.Greater(t, len(locations), 1000)
	foreign := 0
	for i, origin := range tab.Origins(own+"/getAToken", locations) {
		if origin == own {
			continue
		}
		foreign++
		got, err := redirecttest.Resolve(own+"/getAToken", locations[i])
		assert.True(t, err != nil || got.Origin != own, "%q leads the browser to %q", locations[i], origin)
	}
	assert.Greater(t, foreign, 200, "payloads that lead elsewhere when they are followed")
}

// A sign-in with a redirect payload as return_to ends on a page of the application.
func TestSignInWithARedirectPayload(t *testing.T) {
	app, tab := visit(t)
	for _, p := range sample(payloads(t)) {
		tab.Open(app.URL + "/login?return_to=" + url.QueryEscape(p.Text))
		pick(t, tab, member)
		assert.True(t, strings.HasPrefix(tab.URL(), app.URL+"/"), "%s %q led to %s", p.Class, p.Text, tab.URL())
	}
	require.Equal(t, 200, tab.Open(app.URL))
	requireHome(t, app, tab, member)
}

func payloads(t *testing.T) []redirecttest.Payload {
	t.Helper()
	list, err := redirecttest.Payloads()
	require.NoError(t, err)
	return list
}

// sample returns one payload of each class, and one that once was not detected. It
// leaves out payloads that no server accepts as a URL.
func sample(all []redirecttest.Payload) []redirecttest.Payload {
	classes := map[string][]redirecttest.Payload{}
	var names []string
	chosen := []redirecttest.Payload{{Class: "dot segments", Text: "///evil.example/../../.."}}
	for _, p := range all {
		if len(p.Text) > 2048 {
			continue
		}
		if classes[p.Class] == nil {
			names = append(names, p.Class)
		}
		classes[p.Class] = append(classes[p.Class], p)
	}
	for _, name := range names {
		chosen = append(chosen, classes[name][len(classes[name])/2])
	}
	return chosen
}
