package fakeidp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

const mailRead = "Mail.Read"

func withAdminConsent(config *fakeidp.Config) {
	client := fakeidp.DefaultClient()
	client.NeedsAdminConsent, client.NeedsConsent = []string{mailRead}, []string{"Files.Read"}
	config.Clients = []fakeidp.Client{client}
}

func adminConsentURL(idp *fakeidp.Provider, tenant string) string {
	return idp.Authority(tenant) + "/v2.0/adminconsent?" + url.Values{
		"client_id": {fakeidp.DefaultClientID}, "redirect_uri": {testRedirect}, "scope": {"openid " + mailRead + " Files.Read"},
	}.Encode()
}

// press sends the page's form and returns the redirect.
func press(t *testing.T, address, name, value string) *url.URL {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(url.Values{name: {value}}.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	return location(t, response)
}

func TestAnAdministratorConsentsForTheTenant(t *testing.T) {
	rp := newParty(t, start(t, withAdminConsent), fakeidp.ContosoTenantID)
	rp.config.Scopes = []string{"openid", "profile", mailRead, "Files.Read"}
	refusal := func() string {
		response, err := rp.idp.Authorize(rp.authURL(), fakeidp.UserMember)
		require.NoError(t, err)
		return response.Values.Get("error") + " " + response.Values.Get("error_description")
	}
	assert.Contains(t, refusal(), "consent_required AADSTS90094: ")

	page := adminConsentURL(rp.idp, fakeidp.ContosoTenantID)
	shown := read(t, get(t, page, ""))
	assert.Contains(t, shown, mailRead)
	assert.Contains(t, shown, "Accept as Megan Bowen")
	assert.NotContains(t, shown, "Adele Vance", "not an administrator")

	for _, c := range []struct{ button, value, number string }{
		{"cancel", "1", "65004"}, {"account", fakeidp.UserMember, "90094"}, {"account", "nobody", "90094"},
	} {
		query := press(t, page, c.button, c.value).Query()
		assert.Equal(t, "True", query.Get("admin_consent"))
		assert.Contains(t, query.Get("error_description"), "AADSTS"+c.number+":")
		assert.Empty(t, query.Get("tenant"))
	}
	assert.Contains(t, refusal(), "AADSTS90094", "nothing has changed")

	to := press(t, page, "account", fakeidp.UserAdmin)
	assert.Equal(t, "localhost:3000", to.Host)
	assert.Equal(t, url.Values{
		"admin_consent": {"True"}, "tenant": {fakeidp.ContosoTenantID}, "scope": {"openid " + mailRead + " Files.Read"},
	}, to.Query())
	assert.Equal(t, "x", press(t, page+"&state=x", "account", fakeidp.UserAdmin).Query().Get("state"))
	_, claims := rp.signIn(fakeidp.UserMember)
	assert.Equal(t, "Adele Vance", claims["name"])
	assert.Equal(t, 1+3+2, rp.idp.Requests(fakeidp.EndpointAdminConsent))
}

// The consent of one tenant is none of another.
func TestAnAdministratorConsentsForOneTenantOnly(t *testing.T) {
	idp := start(t, withAdminConsent)
	to := press(t, adminConsentURL(idp, "organizations"), "account", fakeidp.UserAdmin)
	require.Equal(t, fakeidp.ContosoTenantID, to.Query().Get("tenant"))
	for tenant, granted := range map[string]bool{fakeidp.ContosoTenantID: true, fakeidp.FabrikamTenantID: false} {
		rp := newParty(t, idp, tenant)
		rp.config.Scopes = []string{"openid", mailRead}
		response, err := idp.Authorize(rp.authURL(), fakeidp.UserGuest)
		require.NoError(t, err)
		assert.Equal(t, granted, response.Values.Get("error") == "", tenant)
	}
	assert.Contains(t, read(t, get(t, adminConsentURL(idp, fakeidp.FabrikamTenantID), "")), "no administrator")
}

func TestWrongAdminConsentRequests(t *testing.T) {
	idp := start(t, withAdminConsent)
	good := adminConsentURL(idp, fakeidp.ContosoTenantID)
	for name, c := range map[string]struct{ url, number string }{
		"unknown client":       {with(t, good, "client_id", "who"), "700016"},
		"no client":            {with(t, good, "client_id", ""), "900144"},
		"foreign redirect URI": {with(t, good, "redirect_uri", "https://evil.example/"), "50011"},
		"no redirect URI":      {with(t, good, "redirect_uri", ""), "900971"},
		"unknown tenant":       {strings.Replace(good, fakeidp.ContosoTenantID, "nowhere.example", 1), "90002"},
		"common":               {strings.Replace(good, fakeidp.ContosoTenantID, "common", 1), "90014"},
		"consumers":            {strings.Replace(good, fakeidp.ContosoTenantID, "consumers", 1), "90014"},
	} {
		response := get(t, c.url, "")
		assert.Equal(t, http.StatusBadRequest, response.StatusCode, name)
		assert.Contains(t, read(t, response), "AADSTS"+c.number, name)
	}
	for name, address := range map[string]string{"no scope": with(t, good, "scope", ""), "a repeated parameter": good + "&scope=x"} {
		query := location(t, get(t, address, "")).Query()
		assert.Equal(t, "invalid_request", query.Get("error"), name)
		assert.Equal(t, "True", query.Get("admin_consent"), name)
	}
}
