package authority

import (
	"fmt"
	"strings"
)

// cloud is one of Microsoft's clouds. An application, its tenants and its API are all
// in the same cloud.
type cloud struct {
	login    string // host of the authority
	graph    string // host of Microsoft Graph
	audience string // of the token that a federated credential trusts
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

// checkAlias refuses another name of a login host. Its metadata have the issuer of the
// login host, so no sign-in could succeed. The error names the host to write.
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
	return fmt.Errorf("has another name of the host in Entra's metadata: write %s instead", login)
}

// cloud returns the authority's cloud. It returns the zero cloud for Azure AD B2C,
// External ID, a custom domain and other providers.
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

// GraphHost returns the host of the cloud's Microsoft Graph, or "" if it is not known.
// For US Government it returns the host of GCC High. The Department of Defense has the
// same authority and another host (dod-graph.microsoft.us).
func (a Authority) GraphHost() string { return a.cloud().graph }

// TokenExchangeAudience returns the audience of tokens for a federated credential in
// this cloud, or "" if it is not known.
func (a Authority) TokenExchangeAudience() string { return a.cloud().audience }
