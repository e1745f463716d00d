package authority

import (
	"fmt"
	"strings"
)

// cloud is one of Microsoft's clouds, which share nothing: an application, its
// tenants and its API are in one of them.
type cloud struct {
	login    string // host of the authority
	graph    string // host of Microsoft Graph
	audience string // what a federated credential's outside token is meant for
}

// clouds returns all clouds. The last three are the sovereign clouds of France,
// Germany and Singapore.
func clouds() []cloud {
	return []cloud{
		{"login.microsoftonline.com", "graph.microsoft.com", "api://AzureADTokenExchange"},
		{"login.microsoftonline.us", "graph.microsoft.us", "api://AzureADTokenExchangeUSGov"},
		{"login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn", "api://AzureADTokenExchangeChina"},
		{"login.sovcloud-identity.fr", "graph.svc.sovcloud.fr", "api://AzureADTokenExchangeFrance"},
		{"login.sovcloud-identity.de", "graph.svc.sovcloud.de", "api://AzureADTokenExchangeGermany"},
		{"login.sovcloud-identity.sg", "graph.svc.sovcloud.sg", "api://AzureADTokenExchangeGovSG"},
	}
}

// checkAlias refuses another name of a login host. The metadata there have the
// issuer of the login host, so no sign-in would succeed. The error names the
// host to write.
func checkAlias(host string) error {
	login := map[string]string{
		"login.windows.net":       "login.microsoftonline.com",
		"login.microsoft.com":     "login.microsoftonline.com",
		"sts.windows.net":         "login.microsoftonline.com",
		"login.usgovcloudapi.net": "login.microsoftonline.us",
		"login.chinacloudapi.cn":  "login.partner.microsoftonline.cn",
	}[strings.ToLower(host)]
	if login == "" {
		return nil
	}
	return fmt.Errorf("has another name of the host that Entra's metadata speak for: write %s in its place", login)
}

// cloud returns the authority's cloud; the zero cloud where it is in none that
// is known: Azure AD B2C, External ID, a custom domain, another provider.
func (a Authority) cloud() cloud {
	if a.Kind == KindPolicy || a.Kind == KindOther || a.base == nil {
		return cloud{}
	}
	for _, c := range clouds() {
		if a.base.Host == c.login {
			return c
		}
	}
	return cloud{}
}

// GraphHost returns the host of the cloud's Microsoft Graph, or "" if none is
// known. US Government's is that of GCC High; the Department of Defense has one
// of its own (dod-graph.microsoft.us) behind the same authority, so nothing here
// can tell: who is there names the API in full.
func (a Authority) GraphHost() string { return a.cloud().graph }

// TokenExchangeAudience is the audience of the outside token of a federated
// credential in this cloud, or "" where none is known.
func (a Authority) TokenExchangeAudience() string { return a.cloud().audience }
