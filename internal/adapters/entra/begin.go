package entra

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
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

// clientCapability tells Entra that this application takes up claims challenges
// of its APIs (continuous access evaluation). Entra then gives tokens that last
// for many hours and that an API may refuse at any moment.
const clientCapability = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`

// errClaims is the caller's mistake, never the browser's.
var errClaims = errors.New("authorization request: claims must be one JSON object of sensible size without duplicates")

// claimsParameter returns the claims parameter of a request for an API's
// scopes: an API's challenge, or "", with the client capability merged in where
// there is an API to challenge and a provider to understand it.
func (p *Provider) claimsParameter(scopes []string, challenge string) (string, error) {
	if len(challenge) > providerhttp.MaxClaims {
		return "", errClaims
	}
	if challenge != "" {
		if _, err := providerhttp.ParseObject([]byte(challenge)); err != nil {
			return "", errClaims
		}
	}
	if len(scopes) == 0 || !p.authority.EntraParameters() {
		return challenge, nil
	}
	return string(merge([]byte(challenge), []byte(clientCapability))), nil
}

// withCapability adds the client capability to a token request for scopes, as
// the authorization request had it.
func (p *Provider) withCapability(form url.Values, scopes []string) url.Values {
	if claims, err := p.claimsParameter(scopes, ""); err == nil && claims != "" {
		form.Set("claims", claims)
	}
	return form
}

// merge puts the members of more into base: objects are merged, anything else
// is replaced. A member that is null stays, since in a claims request it asks
// for that claim.
func merge(base, more json.RawMessage) json.RawMessage {
	var into, from map[string]json.RawMessage
	if json.Unmarshal(base, &into) != nil || json.Unmarshal(more, &from) != nil || into == nil || from == nil {
		return more
	}
	for name, value := range from {
		into[name] = merge(into[name], value)
	}
	merged, err := json.Marshal(into)
	if err != nil {
		return more
	}
	return merged
}
