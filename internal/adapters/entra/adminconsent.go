package entra

import (
	"net/url"
	"strings"
)

// AdminConsentURL implements ports.AdminConsentLinker with Entra's admin consent
// endpoint. The page asks for the same scopes as a sign-in. A tenant whose people may not
// sign in counts as unknown.
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
