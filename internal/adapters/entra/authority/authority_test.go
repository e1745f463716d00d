package authority

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// form is one spelling of an authority with its expected properties.
type form struct {
	authority string
	discovery string
	accepted  []string // issuers that its metadata may have
	refused   []string
	graph     string
	audience  string
}

// check compares the form with the result of Parse, or of ParseIssuer for other
// providers.
func (f form) check(t *testing.T, parse func(string) (Authority, error)) {
	t.Helper()
	a, err := parse(f.authority)
	require.NoError(t, err, f.authority)
	assert.Equal(t, f.discovery, a.DiscoveryURL())
	assert.Equal(t, f.graph, a.GraphHost())
	assert.Equal(t, f.audience, a.TokenExchangeAudience())
	for _, issuer := range f.accepted {
		assert.NoError(t, a.CheckIssuer(issuer), "%s with %s", f.authority, issuer)
	}
	everywhere := []string{
		"", "https://attacker.example/" + tenantA + "/v2.0", "https://sts.windows.net/" + tenantA + "/",
		"https://login.windows.net/" + tenantA + "/v2.0",
	}
	for _, issuer := range append(everywhere, f.refused...) {
		assert.Error(t, a.CheckIssuer(issuer), "%s with %s", f.authority, issuer)
	}
}

// TestEachAuthorityInEachCloud checks Entra's own authorities.
func TestEachAuthorityInEachCloud(t *testing.T) {
	for login, c := range map[string]struct{ graph, audience, elsewhere string }{
		"login.microsoftonline.com":        {"graph.microsoft.com", "api://AzureADTokenExchange", "login.microsoftonline.us"},
		"login.microsoftonline.us":         {"graph.microsoft.us", "api://AzureADTokenExchangeUSGov", "login.microsoftonline.com"},
		"login.partner.microsoftonline.cn": {"microsoftgraph.chinacloudapi.cn", "api://AzureADTokenExchangeChina", "login.chinacloudapi.cn"},
		"login.sovcloud-identity.fr":       {"graph.svc.sovcloud.fr", "api://AzureADTokenExchangeFrance", "login.sovcloud-identity.de"},
		"login.sovcloud-identity.de":       {"graph.svc.sovcloud.de", "api://AzureADTokenExchangeGermany", "login.sovcloud-identity.sg"},
		"login.sovcloud-identity.sg":       {"graph.svc.sovcloud.sg", "api://AzureADTokenExchangeGovSG", "login.sovcloud-identity.fr"},
	} {
		at := func(tenant string) string { return "https://" + login + "/" + tenant }
		issuer := func(tenant string) string { return at(tenant) + "/v2.0" }
		all := []string{issuer("{tenantid}"), issuer(tenantA), issuer(ConsumersTenant)}
		for segment, accepted := range map[string][]string{
			"common":                 {issuer("{tenantid}")},
			"organizations":          {issuer("{tenantid}")},
			"consumers":              {issuer(ConsumersTenant)},
			tenantA:                  {issuer(tenantA)},
			strings.ToUpper(tenantA): {issuer(tenantA)},
			"contoso.com":            {issuer(tenantA), issuer(ConsumersTenant)},
		} {
			t.Run(login+"/"+segment, func(t *testing.T) {
				f := form{
					authority: at(segment), discovery: at(strings.ToLower(segment)) + "/v2.0/.well-known/openid-configuration",
					accepted: accepted, graph: c.graph, audience: c.audience,
					refused: []string{
						issuer(tenantB) + "/", issuer("contoso.com"), at(tenantA), "https://" + c.elsewhere + "/" + tenantA + "/v2.0",
						"https://" + c.elsewhere + "/{tenantid}/v2.0", "http://" + login + "/" + tenantA + "/v2.0",
						"https://" + tenantA + ".ciamlogin.com/" + tenantA + "/v2.0",
					},
				}
				if segment == strings.ToUpper(tenantA) {
					f.discovery = at(segment) + "/v2.0/.well-known/openid-configuration"
				}
				for _, other := range all {
					if !contains(accepted, other) {
						f.refused = append(f.refused, other)
					}
				}
				f.check(t, Parse)
				f.authority += "/"
				f.check(t, Parse)
			})
		}
	}
}

// TestAliasHostsAreRefusedWithTheHostToWrite checks every spelling.
func TestAliasHostsAreRefusedWithTheHostToWrite(t *testing.T) {
	for alias, login := range map[string]string{
		"login.windows.net":          "login.microsoftonline.com",
		"login.microsoft.com":        "login.microsoftonline.com",
		"STS.windows.net":            "login.microsoftonline.com",
		"login.usgovcloudapi.net":    "login.microsoftonline.us",
		"login.chinacloudapi.cn":     "login.partner.microsoftonline.cn",
		"Login.ChinaCloudAPI.cn:443": "login.partner.microsoftonline.cn",
	} {
		for _, path := range []string{"/" + tenantA, "/common", "/contoso.com/B2C_1_signin"} {
			_, err := Parse("https://" + alias + path)
			assert.ErrorContains(t, err, "write "+login, alias+path)
		}
	}
	_, err := ParseIssuer("https://login.windows.net/" + tenantA + "/v2.0")
	assert.ErrorContains(t, err, "write login.microsoftonline.com")
	_, err = ParseIssuer("https://sts.windows.net/" + tenantA + "/")
	assert.NoError(t, err, "the exact issuer of version 1.0")
	_, err = Parse("https://login.windows.net.contoso.com/" + tenantA)
	assert.NoError(t, err, "a domain of somebody's own")
}

func contains(list []string, text string) bool {
	for _, each := range list {
		if each == text {
			return true
		}
	}
	return false
}

// TestAuthoritiesOutsideTheClouds checks B2C, External ID and this machine.
func TestAuthoritiesOutsideTheClouds(t *testing.T) {
	const wellKnown = "/v2.0/.well-known/openid-configuration"
	for _, f := range []form{
		{
			authority: "https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a",
			discovery: "https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a" + wellKnown,
			accepted:  []string{"https://c.b2clogin.com/" + tenantA + "/v2.0/", "https://c.b2clogin.com/tfp/" + tenantA + "/b2c_1_a/v2.0/"},
			refused:   []string{"https://c.b2clogin.com/{tenantid}/v2.0/", "https://login.microsoftonline.com/" + tenantA + "/v2.0/"},
		},
		{
			authority: "https://login.contoso.com/" + tenantA + "/B2C_1A_SIGNIN",
			discovery: "https://login.contoso.com/" + tenantA + "/B2C_1A_SIGNIN" + wellKnown,
			accepted:  []string{"https://login.contoso.com/" + tenantA + "/v2.0/"},
			refused:   []string{"https://c.b2clogin.com/" + tenantA + "/v2.0/", "https://login.contoso.com.attacker.example/" + tenantA + "/v2.0/"},
		},
		{
			authority: "https://c.ciamlogin.com/",
			discovery: "https://c.ciamlogin.com/c.onmicrosoft.com" + wellKnown,
			accepted:  []string{"https://" + tenantA + ".ciamlogin.com/" + tenantA + "/v2.0", "https://c.ciamlogin.com/" + tenantA + "/v2.0"},
			refused:   []string{"https://" + tenantA + ".ciamlogin.com/" + tenantB + "/v2.0", "https://" + tenantA + ".ciamlogin.com.attacker.example/" + tenantA + "/v2.0"},
		},
		{
			authority: "https://c.ciamlogin.com/" + tenantA,
			discovery: "https://c.ciamlogin.com/" + tenantA + wellKnown,
			accepted:  []string{"https://" + tenantA + ".ciamlogin.com/" + tenantA + "/v2.0"},
			refused:   []string{"https://" + tenantB + ".ciamlogin.com/" + tenantB + "/v2.0", "https://other.ciamlogin.com/" + tenantA + "/v2.0"},
		},
		{
			authority: "https://login.contoso.com/" + tenantA,
			discovery: "https://login.contoso.com/" + tenantA + wellKnown,
			accepted:  []string{"https://login.contoso.com/" + tenantA + "/v2.0", "https://" + tenantA + ".ciamlogin.com/" + tenantA + "/v2.0"},
			refused:   []string{"https://" + tenantB + ".ciamlogin.com/" + tenantB + "/v2.0", "https://login.microsoftonline.com/" + tenantA + "/v2.0"},
		},
		{
			authority: "http://127.0.0.1:8400/common",
			discovery: "http://127.0.0.1:8400/common" + wellKnown,
			accepted:  []string{"http://127.0.0.1:8400/{tenantid}/v2.0"},
			refused:   []string{"https://127.0.0.1:8400/{tenantid}/v2.0", "http://127.0.0.1/{tenantid}/v2.0", "http://localhost:8400/{tenantid}/v2.0"},
		},
	} {
		t.Run(f.authority, func(t *testing.T) { f.check(t, Parse) })
	}
}

// TestOtherProviders checks providers that are configured by their exact issuer.
func TestOtherProviders(t *testing.T) {
	for _, f := range []form{
		{
			authority: "https://provider.example/", discovery: "https://provider.example/.well-known/openid-configuration",
			accepted: []string{"https://provider.example/"}, refused: []string{"https://provider.example"},
		},
		{ // External ID behind a custom URL domain
			authority: "https://login.contoso.com/" + tenantA + "/v2.0",
			discovery: "https://login.contoso.com/" + tenantA + "/v2.0/.well-known/openid-configuration",
			accepted:  []string{"https://login.contoso.com/" + tenantA + "/v2.0"},
			refused:   []string{"https://" + tenantA + ".ciamlogin.com/" + tenantA + "/v2.0"},
		},
		{ // one of the clouds, but as any provider: no rule of Entra's applies
			authority: "https://login.microsoftonline.com/" + tenantA + "/v2.0",
			discovery: "https://login.microsoftonline.com/" + tenantA + "/v2.0/.well-known/openid-configuration",
			accepted:  []string{"https://login.microsoftonline.com/" + tenantA + "/v2.0"},
		},
	} {
		t.Run(f.authority, func(t *testing.T) { f.check(t, ParseIssuer) })
	}
}

func TestApplicationOfItsOwnKeys(t *testing.T) {
	a, err := Parse("https://login.microsoftonline.com/" + tenantA + "/?appid=" + strings.ToUpper(tenantB))
	require.NoError(t, err)
	assert.Equal(t, "https://login.microsoftonline.com/"+tenantA+"/v2.0/.well-known/openid-configuration?appid="+tenantB, a.DiscoveryURL())
	assert.NoError(t, a.CheckIssuer("https://login.microsoftonline.com/"+tenantA+"/v2.0"))
	for _, query := range []string{"?", "?appid=", "?appid=x", "?appid=" + tenantB + "&a=b", "?a=b", "?APPID=" + tenantB} {
		_, err := Parse("https://login.microsoftonline.com/" + tenantA + query)
		assert.Error(t, err, query)
	}
	_, err = Parse("https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a?appid=" + tenantB)
	assert.Error(t, err)
}

func TestParse(t *testing.T) {
	for text, want := range map[string]struct {
		kind Kind
		at   string
	}{
		"https://login.microsoftonline.com/" + tenantA:           {KindTenantID, "https://login.microsoftonline.com/" + tenantA},
		"https://login.microsoftonline.com/" + tenantA + "/":     {KindTenantID, "https://login.microsoftonline.com/" + tenantA},
		"https://LOGIN.microsoftonline.com/contoso.com":          {KindDomain, "https://login.microsoftonline.com/contoso.com"},
		"https://login.microsoftonline.us/common/":               {KindCommon, "https://login.microsoftonline.us/common"},
		"https://login.partner.microsoftonline.cn/organizations": {KindOrganizations, "https://login.partner.microsoftonline.cn/organizations"},
		"https://login.microsoftonline.com/consumers":            {KindConsumers, "https://login.microsoftonline.com/consumers"},
		"https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin": {
			KindPolicy, "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin"},
		"https://contoso.b2clogin.com/tfp/contoso.onmicrosoft.com/B2C_1_signin": {
			KindPolicy, "https://contoso.b2clogin.com/tfp/contoso.onmicrosoft.com/B2C_1_signin"},
		"https://contoso.ciamlogin.com/contoso.onmicrosoft.com": {KindDomain, "https://contoso.ciamlogin.com/contoso.onmicrosoft.com"},
		"https://login.microsoftonline.com/" + strings.Repeat("a", 63) + ".com": {
			KindDomain, "https://login.microsoftonline.com/" + strings.Repeat("a", 63) + ".com"},
		"http://localhost:8400/" + tenantA: {KindTenantID, "http://localhost:8400/" + tenantA},
		"http://127.0.0.1:8400/common":     {KindCommon, "http://127.0.0.1:8400/common"},
		"http://[::1]:8400/common":         {KindCommon, "http://[::1]:8400/common"},
	} {
		a, err := Parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, want.kind, a.Kind, text)
		assert.Equal(t, want.at+"/v2.0/.well-known/openid-configuration", a.DiscoveryURL())
	}
	for _, text := range []string{
		"", "common", "https://login.microsoftonline.com", "https://login.microsoftonline.com/",
		"https://login.microsoftonline.com/" + tenantA + "/v2.0", "https://login.microsoftonline.com/contoso",
		"https://login.microsoftonline.com/" + tenantA + "?appid=x", "https://a:b@login.microsoftonline.com/" + tenantA,
		"ftp://login.microsoftonline.com/" + tenantA, "http://login.microsoftonline.com/" + tenantA,
		"http://localhost.attacker.example/" + tenantA, "https://login.microsoftonline.com/a/b/c/d",
		"https://login.microsoftonline.com/" + tenantA + "#x", "https://login.microsoftonline.com/..%2fcommon",
		"https://login.microsoftonline.com//common", "https://x.example/contoso.com/../common",
		"https://login.microsoftonline.com/" + strings.Repeat("a", 64) + ".com", "https://login.microsoftonline.com/-contoso.com",
		"https://c.b2clogin.com/c.onmicrosoft.com/" + strings.Repeat("a", 129), "https://c.b2clogin.com/c.onmicrosoft.com/a%20b",
	} {
		_, err := Parse(text)
		assert.Error(t, err, text)
	}
}

func TestParseIssuer(t *testing.T) {
	for text, at := range map[string]string{
		"https://provider.example":        "https://provider.example/.well-known/openid-configuration",
		"https://provider.example/":       "https://provider.example/.well-known/openid-configuration",
		"https://provider.example/realm":  "https://provider.example/realm/.well-known/openid-configuration",
		"http://localhost:3001/":          "http://localhost:3001/.well-known/openid-configuration",
		"https://provider.example/a%2Fb/": "https://provider.example/a%2Fb/.well-known/openid-configuration",
	} {
		a, err := ParseIssuer(text)
		require.NoError(t, err)
		assert.Equal(t, at, a.DiscoveryURL())
	}
	for _, text := range []string{"", "provider.example", "http://provider.example", "https://provider.example/?x", "https://provider.example/#"} {
		_, err := ParseIssuer(text)
		assert.Error(t, err, text)
	}
}

// An administrator consents in the tenant of the person, or in the own one. Personal
// accounts, Azure AD B2C and External ID have no such page.
func TestAdminConsentURL(t *testing.T) {
	for _, c := range []struct{ authority, tenant, want string }{
		{"https://login.microsoftonline.com/" + tenantA, "", "https://login.microsoftonline.com/" + tenantA + "/v2.0/adminconsent"},
		{"https://login.microsoftonline.com/" + tenantA + "/?appid=" + tenantB, tenantB, "https://login.microsoftonline.com/" + tenantA + "/v2.0/adminconsent"},
		{"https://login.microsoftonline.com/contoso.com", tenantB, "https://login.microsoftonline.com/contoso.com/v2.0/adminconsent"},
		{"https://login.microsoftonline.com/common", "", "https://login.microsoftonline.com/organizations/v2.0/adminconsent"},
		{"https://login.microsoftonline.com/common", tenantB, "https://login.microsoftonline.com/" + tenantB + "/v2.0/adminconsent"},
		{"https://login.microsoftonline.com/common", "contoso.com", "https://login.microsoftonline.com/organizations/v2.0/adminconsent"},
		{"https://login.microsoftonline.com/common", "../" + tenantB, "https://login.microsoftonline.com/organizations/v2.0/adminconsent"},
		{"https://login.microsoftonline.us/organizations", "", "https://login.microsoftonline.us/organizations/v2.0/adminconsent"},
		{"https://login.partner.microsoftonline.cn/organizations", tenantB, "https://login.partner.microsoftonline.cn/" + tenantB + "/v2.0/adminconsent"},
		{"http://127.0.0.1:8400/contoso.com", "", "http://127.0.0.1:8400/contoso.com/v2.0/adminconsent"},
		{"https://login.microsoftonline.com/common", ConsumersTenant, ""},
		{"https://login.microsoftonline.com/consumers", "", ""},
		{"https://login.microsoftonline.com/" + ConsumersTenant, "", ""},
		{"https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signin", tenantB, ""},
		{"http://127.0.0.1:8400/contoso.com/B2C_1_signin", tenantB, ""},
		{"https://contoso.ciamlogin.com/" + tenantA, tenantA, ""},
		{"https://login.contoso.com/" + tenantA, tenantA, ""},
	} {
		a, err := Parse(c.authority)
		require.NoError(t, err)
		assert.Equal(t, c.want, a.AdminConsentURL(c.tenant), "%s with %q", c.authority, c.tenant)
	}
	for _, issuer := range []string{"https://login.microsoftonline.com/" + tenantA + "/v2.0", "http://localhost:8400"} {
		other, err := ParseIssuer(issuer)
		require.NoError(t, err)
		assert.Empty(t, other.AdminConsentURL(tenantB), issuer)
	}
}
