package entra

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Begin returns the authorization URL (OpenID Connect Core 1.0, section
// 3.1.2.1) with PKCE (RFC 7636), whether or not the metadata advertise it:
// Entra supports it and does not say so.
func (p *Provider) Begin(ctx context.Context, req ports.AuthorizationRequest) (ports.Authorization, error) {
	if err := providerhttp.CheckRequest(req); err != nil {
		return ports.Authorization{}, err
	}
	claims, err := p.claimsParameter(req.Scopes, req.Claims)
	if err != nil {
		return ports.Authorization{}, err
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return ports.Authorization{}, err
	}
	t, err := providerhttp.NewTransaction(p.rand, req.Scopes)
	if err != nil {
		return ports.Authorization{}, err
	}
	request := oauth2.Config{
		ClientID:    p.cfg.ClientID,
		RedirectURL: p.cfg.RedirectURI,
		Scopes:      requestedScopes(req.Scopes),
		Endpoint:    oauth2.Endpoint{AuthURL: m.authorization},
	}
	options := []oauth2.AuthCodeOption{
		oauth2.S256ChallengeOption(t.Verifier),
		oauth2.SetAuthURLParam("nonce", t.Nonce),
		oauth2.SetAuthURLParam("response_mode", p.cfg.ResponseMode),
	}
	options = append(options, p.accountOptions(req, m)...)
	if claims != "" {
		options = append(options, oauth2.SetAuthURLParam("claims", claims))
	}
	return ports.Authorization{URL: request.AuthCodeURL(req.State, options...), Secret: t.Secret()}, nil
}

// accountOptions names the account, or lets the person choose one. Entra does
// not take both at once; others may not know select_account at all.
func (p *Provider) accountOptions(req ports.AuthorizationRequest, m metadata) []oauth2.AuthCodeOption {
	if req.LoginHint != "" {
		return []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("login_hint", req.LoginHint)}
	}
	if p.authority.EntraParameters() || slices.Contains(m.prompts, "select_account") {
		return []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("prompt", "select_account")}
	}
	return nil
}

// requestedScopes adds what a sign-in always asks for. A refresh token is
// asked for only where there is an access token to renew.
func requestedScopes(api []string) []string {
	scopes := []string{"openid", "profile"}
	if len(api) > 0 {
		scopes = append(scopes, "offline_access")
	}
	for _, scope := range api {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

func joinScopes(api []string) string { return strings.Join(requestedScopes(api), " ") }
