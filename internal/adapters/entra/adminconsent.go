package entra

import (
	"net/url"
	"strings"
)

// AdminConsentURL implements ports.AdminConsentLinker with Entra's admin consent
// endpoint. It asks for the scopes that a sign-in asks for. It uses the tenant only if
// people of that tenant may sign in.
func (p *Provider) AdminConsentURL(scopes []string, tenant string) string {
	if !p.allowsTenant(tenant) {
		tenant = ""
	}
	page := p.authority.AdminConsentURL(tenant)
	if page == "" {
		return ""
	}
	return addQuery(page, url.Values{
		"client_id":    {p.cfg.ClientID},
		"scope":        {strings.Join(requestedScopes(scopes), " ")},
		"redirect_uri": {p.cfg.RedirectURI},
	})
}
