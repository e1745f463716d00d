package authority

// cloud is one of Microsoft's clouds, which share nothing: an application, its
// tenants and its API are in one of them.
type cloud struct {
	login    string // host of the authority
	graph    string // host of Microsoft Graph
	audience string // what a federated credential's outside token is meant for
}

// clouds are those there are. The last three are the sovereign clouds of France,
// Germany and Singapore. Other names of the login hosts (login.windows.net,
// login.chinacloudapi.cn, sts.windows.net and so on) are not among them: their
// metadata speak for another host, and an issuer counts as it is written.
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

// GraphHost is the host of the cloud's Microsoft Graph, or "" where none is
// known. US Government's is that of GCC High; the Department of Defense has one
// of its own (dod-graph.microsoft.us) behind the same authority, so nothing here
// can tell: who is there names the API in full.
func (a Authority) GraphHost() string { return a.cloud().graph }

// TokenExchangeAudience is the audience of the outside token of a federated
// credential in this cloud, or "" where none is known.
func (a Authority) TokenExchangeAudience() string { return a.cloud().audience }
