package entra

import (
	"context"
	"net/url"

	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// maxCodeBytes bounds an authorization code; Entra's exceed 900 characters.
const maxCodeBytes = 16 << 10

// Complete redeems the code and verifies the ID token. Where that names nobody,
// it asks for the name.
func (p *Provider) Complete(ctx context.Context, callback ports.Callback, secret string) (ports.SignedIn, error) {
	t, err := providerhttp.ParseSecret(secret)
	if err != nil {
		return ports.SignedIn{}, err
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return ports.SignedIn{}, err
	}
	if err := checkCallback(callback, m); err != nil {
		return ports.SignedIn{}, err
	}
	got, err := p.askToken(ctx, m, p.withCapability(url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {callback.Code},
		"redirect_uri":  {p.cfg.RedirectURI},
		"code_verifier": {t.Verifier},
	}, t.Scopes))
	if err != nil {
		return ports.SignedIn{}, err
	}
	if got.id == "" {
		return ports.SignedIn{}, refuse("the token endpoint's answer has no ID token")
	}
	token, err := p.verifier(m, bySignIn).Verify(ctx, got.id, idtoken.Expected{
		Nonce:       t.Nonce,
		Issuer:      callback.Issuer,
		AccessToken: got.access,
	})
	if err == nil {
		err = p.addNames(ctx, m, &token.Identity, got)
	}
	if err != nil {
		return ports.SignedIn{}, err
	}
	return ports.SignedIn{Identity: token.Identity, Claims: token.Claims, Tokens: p.grant(token, got, t)}, nil
}

// CallbackError implements ports.CallbackErrorReader.
func (p *Provider) CallbackError(callback ports.Callback) error {
	return newProviderError(callback.Error, callback.ErrorDescription)
}

// checkCallback looks at the provider's answer before the code is posted
// anywhere.
func checkCallback(callback ports.Callback, m metadata) error {
	if err := checkCallbackIssuer(callback.Issuer, m); err != nil {
		return err
	}
	switch {
	case callback.Error != "":
		return newProviderError(callback.Error, callback.ErrorDescription)
	case callback.Code == "":
		return refuse("it has no authorization code")
	case len(callback.Code) > maxCodeBytes:
		return refuse("its authorization code is too long")
	}
	return nil
}

// checkCallbackIssuer is the defence against a mix-up of providers (RFC 9207,
// section 2.4). Entra sends no iss; who says that they do must.
func checkCallbackIssuer(issuer string, m metadata) error {
	if issuer == "" && !m.sendsIssuer {
		return nil
	}
	if !m.issuer.Matches(issuer) {
		return refuse("it comes from another issuer")
	}
	return nil
}

// grant gathers what the sign-in yielded besides the identity.
func (p *Provider) grant(token idtoken.Token, got tokenAnswer, t providerhttp.Transaction) ports.Tokens {
	g := ports.Tokens{
		RefreshToken: got.refresh,
		LoginHint:    token.LoginHint,
		SignOutHint:  got.id,
		Nonce:        t.Nonce,
		Groups:       token.Groups,
	}
	if p.authority.EntraParameters() {
		g.SignOutHint = token.LoginHint
	}
	// Entra gives an access token to everybody; keeping one that nobody
	// asked for would be a needless risk.
	if got.access != "" && len(t.Scopes) > 0 {
		g.AccessTokens = []ports.AccessToken{{Value: got.access, Scopes: t.Scopes, Expires: got.expires}}
	}
	return g
}
