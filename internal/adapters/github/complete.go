package github

import (
	"context"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// maxCodeBytes bounds an authorization code; GitHub's have 20 characters.
const maxCodeBytes = 1024

// Complete redeems the code and asks whose access token it got.
func (p *Provider) Complete(ctx context.Context, callback ports.Callback, secret string) (ports.SignedIn, error) {
	t, err := providerhttp.ParseSecret(secret)
	if err != nil {
		return ports.SignedIn{}, err
	}
	if err := checkCallback(callback); err != nil {
		return ports.SignedIn{}, err
	}
	token, err := p.redeem(ctx, callback.Code, t.Verifier)
	if err != nil {
		return ports.SignedIn{}, err
	}
	who, err := p.user(ctx, token.value)
	if err != nil {
		return ports.SignedIn{}, err
	}
	grant := ports.Tokens{LoginHint: who.login}
	// GitHub gives everybody a token; keeping one that nobody asked for would be
	// a needless risk.
	if len(t.Scopes) > 0 {
		grant.AccessTokens = []ports.AccessToken{{Value: token.value, Scopes: t.Scopes, Expires: token.expires}}
	}
	return ports.SignedIn{Identity: who.identity(), Claims: who.claims(), Tokens: grant}, nil
}

// checkCallback looks at GitHub's answer before the code is posted anywhere.
// GitHub has sent iss (RFC 9207) since 2026 and does not promise to.
func checkCallback(callback ports.Callback) error {
	switch {
	case callback.Issuer != "" && callback.Issuer != Issuer:
		return refuse("it comes from another issuer")
	case callback.Error != "":
		return newProviderError(callback.Error)
	case callback.Code == "":
		return refuse("it has no authorization code")
	case len(callback.Code) > maxCodeBytes:
		return refuse("its authorization code is too long")
	}
	return nil
}
