package entra

import (
	"context"
	"net/url"

	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/ports"
)

// maxSignOutHintBytes keeps the URL shorter than servers accept. An ID token with
// many groups is longer and is left out.
const maxSignOutHintBytes = 4096

// EndSessionURL returns the URL of the provider's sign-out (OpenID Connect
// RP-Initiated Logout 1.0). It returns "" if the provider has none, or if its
// metadata were never loaded. It makes no request.
func (p *Provider) EndSessionURL(_ context.Context, hint string) (string, error) {
	m, _ := p.metadata.peek()
	if m.signOut == "" || hint == "" || len(hint) > maxSignOutHintBytes {
		return m.signOut, nil
	}
	name := "logout_hint" // Entra's
	if !p.authority.EntraParameters() {
		name = "id_token_hint"
	}
	return addQuery(m.signOut, url.Values{name: {hint}}), nil
}

// signOutURL returns the URL of the sign-out without a hint, or "" without an endpoint.
func (p *Provider) signOutURL(endpoint string) string {
	if endpoint == "" {
		return ""
	}
	parameters := url.Values{}
	if p.cfg.PostLogoutRedirectURI != "" {
		parameters.Set("post_logout_redirect_uri", p.cfg.PostLogoutRedirectURI)
	}
	if !p.authority.EntraParameters() {
		parameters.Set("client_id", p.cfg.ClientID)
	}
	return addQuery(endpoint, parameters)
}

// VerifyLogoutToken verifies a logout token. The caller checks that the token is
// used only once.
func (p *Provider) VerifyLogoutToken(ctx context.Context, raw string) (ports.LogoutToken, error) {
	if err := idtoken.CheckLogoutForm(raw); err != nil {
		return ports.LogoutToken{}, err
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return ports.LogoutToken{}, err
	}
	return p.verifier(p.flow, m, byLogoutToken).VerifyLogout(ctx, raw)
}
