package entra_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
)

// The link for an administrator consists of the configuration, and has no state.
func TestAdminConsentLink(t *testing.T) {
	w := newWorld(t, "common", func(_ *fakeidp.Config, c *entra.Config) {
		c.AllowedTenants = []string{fakeidp.ContosoTenantID}
	})
	w.idp.Down()
	link := func(scopes []string, tenant string) *url.URL {
		u, err := url.Parse(w.provider.AdminConsentURL(scopes, tenant))
		require.NoError(t, err)
		return u
	}
	u := link([]string{"User.Read", "api://x/A&B#C"}, fakeidp.ContosoTenantID)
	assert.Equal(t, "/"+fakeidp.ContosoTenantID+"/v2.0/adminconsent", u.Path)
	assert.Equal(t, url.Values{
		"client_id": {w.config.ClientID}, "redirect_uri": {w.config.RedirectURI},
		"scope": {"openid profile offline_access User.Read api://x/A&B#C"},
	}, u.Query())
	assert.Empty(t, u.Fragment)
	assert.Equal(t, "openid profile", link(nil, "").Query().Get("scope"), "without an API there is no refresh token")
	for _, tenant := range []string{"", fakeidp.FabrikamTenantID, "contoso.example"} {
		assert.Equal(t, "/organizations/v2.0/adminconsent", link(nil, tenant).Path, "a tenant that may not sign in: %q", tenant)
	}
}

func TestOtherProvidersHaveNoAdminConsentLink(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Issuer = "self" })
	assert.Empty(t, w.provider.AdminConsentURL([]string{"User.Read"}, fakeidp.ContosoTenantID))
}
