//go:build integration

package journeys

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/browsertest"
	"webapp/internal/test/rsakeys"
)

const manyGroups = "Lynne Robbins"

// tenancy is the application with a provider inside the test, whose faults and
// policies the test can change.
type tenancy struct {
	idp *fakeidp.Provider
	app *browsertest.App
}

// arrangement changes a tenancy. The default is a single tenant, one client, and
// Graph as the API.
type arrangement struct {
	provider fakeidp.Config
	// authority is the argument of the provider's Authority.
	authority string
	client    func(c *fakeidp.Client, origin string)
	env       map[string]string
}

// startTenancy runs a provider and the application. For the browser they are on
// different sites, 127.0.0.1 and localhost.
func startTenancy(t *testing.T, a arrangement) tenancy {
	t.Helper()
	return startTenancyAt(t, browsertest.FreePort(t), a)
}

// startTenancyAt is startTenancy with the application on this port.
func startTenancyAt(t *testing.T, port int, a arrangement) tenancy {
	t.Helper()
	client := fakeidp.DefaultClient()
	if a.client != nil {
		a.client(&client, fmt.Sprintf("http://localhost:%d", port))
	}
	a.provider.Clients = append(a.provider.Clients, client)
	a.provider.NewKey = rsakeys.Sequence()
	idp, err := fakeidp.New(a.provider)
	require.NoError(t, err)
	base, err := idp.Start("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, idp.Close()) })

	env := map[string]string{
		"AUTHORITY":     idp.Authority(cmp.Or(a.authority, fakeidp.ContosoTenantID)),
		"CLIENT_ID":     client.ID,
		"CLIENT_SECRET": fakeidp.DefaultClientSecret,
		"SCOPE":         "User.Read",
		"ENDPOINT":      base + "/v1.0/me",
	}
	maps.Copy(env, a.env)
	return tenancy{idp: idp, app: browsertest.StartApp(t, browsertest.AppConfig{Binary: shared.binary, Port: port, Env: env})}
}

// signedIn opens the application in a new browser and signs account in.
func (y tenancy) signedIn(t *testing.T, account string) *browsertest.Tab {
	t.Helper()
	return y.signedInWith(t, account, "")
}

// signedInWith is signedIn with this User-Agent, unless it is empty.
func (y tenancy) signedInWith(t *testing.T, account, agent string) *browsertest.Tab {
	t.Helper()
	tab := shared.browser.Visitor(t).Tab()
	if agent != "" {
		tab.Identify(agent)
	}
	tab.Open(y.app.URL)
	signInAs(t, tab, account)
	requireHome(t, y.app, tab, account)
	return tab
}

// requireCalled requires that the page at path shows the API's response.
func (y tenancy) requireCalled(t *testing.T, tab *browsertest.Tab, path string) {
	t.Helper()
	require.Equal(t, y.app.URL+path, tab.URL())
	require.True(t, tab.Has("heading", "API response"), tab.Text())
	require.Contains(t, tab.Text(), "200 OK")
}

// requireSuggestion requires the provider's account picker with account suggested,
// because the application has sent login_hint.
func requireSuggestion(t *testing.T, tab *browsertest.Tab, account string) {
	t.Helper()
	require.True(t, tab.Has("heading", "Pick an account"), tab.Text())
	require.True(t, tab.Has("button", account+" suggested"), tab.Text())
}

// accept consents to the scopes on the provider's consent page.
func accept(t *testing.T, tab *browsertest.Tab, scopes ...string) {
	t.Helper()
	require.True(t, tab.Has("heading", "Permissions requested"), tab.Text())
	for _, scope := range scopes {
		require.Contains(t, tab.Text(), scope)
	}
	require.Equal(t, http.StatusOK, tab.Follow("button", "Accept"), tab.Text())
}
