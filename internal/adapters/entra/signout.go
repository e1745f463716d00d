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
	m, ok := p.metadata.peek()
	if !ok || m.endSession == "" {
		return "", nil
	}
	parameters := url.Values{}
	if p.cfg.PostLogoutRedirectURI != "" {
		parameters["post_logout_redirect_uri"] = []string{p.cfg.PostLogoutRedirectURI}
	}
	hintName := "logout_hint" // Entra's
	if !p.authority.EntraParameters() {
		hintName = "id_token_hint"
		parameters["client_id"] = []string{p.cfg.ClientID}
	}
	if hint != "" && len(hint) <= maxSignOutHintBytes {
		parameters[hintName] = []string{hint}
	}
	return addQuery(m.endSession, parameters), nil
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
