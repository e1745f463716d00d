package entra

import (
	"context"
	"net/url"
)

// maxSignOutHintBytes keeps the URL below what servers take; an ID token with
// many groups is longer.
const maxSignOutHintBytes = 4096

// EndSessionURL returns the provider's sign-out (OpenID Connect RP-Initiated
// Logout 1.0), or "" where it has none or its metadata have never been loaded.
func (p *Provider) EndSessionURL(_ context.Context, hint string) (string, error) {
	m, ok := p.metadata.peek()
	if !ok || m.endSession == "" {
		return "", nil
	}
	u, err := url.Parse(m.endSession)
	if err != nil {
		return "", nil // cannot be: it was parsed when the metadata were checked
	}
	query := u.Query()
	if p.cfg.PostLogoutRedirectURI != "" {
		query.Set("post_logout_redirect_uri", p.cfg.PostLogoutRedirectURI)
	}
	if !p.authority.EntraParameters() {
		query.Set("client_id", p.cfg.ClientID)
	}
	if hint != "" && len(hint) <= maxSignOutHintBytes {
		query.Set(p.signOutHintName(), hint)
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// signOutHintName is Entra's own parameter, or the standard's.
func (p *Provider) signOutHintName() string {
	if p.authority.EntraParameters() {
		return "logout_hint"
	}
	return "id_token_hint"
}
