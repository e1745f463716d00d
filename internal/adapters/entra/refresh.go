package entra

import (
	"context"
	"errors"
	"net/url"

	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Refresh renews the access token for req.Scopes. A failure on the provider's
// side, or a time-out, is tried once more; throttling only after the wait that
// the provider asks for, since an early repetition makes it last.
func (p *Provider) Refresh(ctx context.Context, req ports.RefreshRequest) (ports.Refreshed, error) {
	if req.RefreshToken == "" || req.Issuer == "" || req.Subject == "" {
		return ports.Refreshed{}, &ports.ProviderError{Kind: ports.ErrInteractionRequired, Code: "invalid_grant"}
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return ports.Refreshed{}, err
	}
	got, err := p.redeemRefreshToken(ctx, m, req)
	if p.client.WaitToRetry(ctx, err) {
		got, err = p.redeemRefreshToken(ctx, m, req)
	}
	if err != nil {
		return ports.Refreshed{}, p.refreshError(err)
	}
	if got.access == "" {
		return ports.Refreshed{}, refuse("the answer to a refresh has no access token")
	}
	memberships, err := p.refreshedMemberships(ctx, m, got, req)
	if err != nil {
		return ports.Refreshed{}, err
	}
	refreshed := ports.Refreshed{
		AccessToken:  ports.AccessToken{Value: got.access, Scopes: req.Scopes, Expires: got.expires},
		RefreshToken: req.RefreshToken,
		Memberships:  memberships,
	}
	if got.refresh != "" {
		refreshed.RefreshToken = got.refresh
	}
	return refreshed, nil
}

func (p *Provider) redeemRefreshToken(ctx context.Context, m metadata, req ports.RefreshRequest) (tokenAnswer, error) {
	return p.askToken(ctx, m, p.withCapability(url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {req.RefreshToken},
		"scope":         {joinScopes(req.Scopes)},
	}, req.Scopes))
}

// refreshedMemberships reads the new ID token, where there is one, after it has
// been verified as a whole and against the old (OpenID Connect Core 1.0, section
// 12.2). It returns nil where there is none.
func (p *Provider) refreshedMemberships(ctx context.Context, m metadata, got tokenAnswer, req ports.RefreshRequest) (*ports.Memberships, error) {
	if got.id == "" {
		return nil, nil
	}
	token, err := p.verifier(m, bySignIn).Verify(ctx, got.id, idtoken.Expected{
		Nonce:       req.Nonce,
		Refreshed:   true,
		Issuer:      req.Issuer,
		Subject:     req.Subject,
		AccessToken: got.access,
	})
	if err != nil {
		return nil, err
	}
	return &ports.Memberships{Roles: token.Identity.Roles, Groups: token.Groups}, nil
}

// refreshError turns "this grant is over" into what it means after a sign-in:
// only the person can go on, and where Entra says that the account is gone not
// even the person. Which claims to ask for stays in the error.
func (p *Provider) refreshError(err error) error {
	e, ok := errors.AsType[*ports.ProviderError](err)
	if !ok || e.Kind != ports.ErrProviderRefused {
		return err
	}
	if e.Code == "invalid_grant" || errors.Is(err, errDeadGrant) {
		e.Kind = ports.ErrInteractionRequired
	}
	if errors.Is(err, errAccountGone) && p.authority.Entra() {
		return providerhttp.Tagged(err, ports.ErrAccountGone)
	}
	return err
}
