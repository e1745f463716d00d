package entra

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"

	"webapp/internal/adapters/entra/idtoken"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Refresh renews the access token for req.Scopes. It repeats the request once if
// the provider failed or took too long. If the provider asks for a wait, Refresh
// repeats the request only after that wait: an earlier request would prolong it.
func (p *Provider) Refresh(ctx context.Context, req ports.RefreshRequest) (ports.Refreshed, error) {
	if req.RefreshToken == "" || req.Issuer == "" || req.Subject == "" {
		return ports.Refreshed{}, &ports.ProviderError{Kind: ports.ErrInteractionRequired, Code: "invalid_grant"}
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return ports.Refreshed{}, err
	}
	response, err := p.redeemRefreshToken(ctx, m, req)
	if p.client.WaitToRetry(ctx, err) {
		response, err = p.redeemRefreshToken(ctx, m, req)
	}
	if err != nil {
		return ports.Refreshed{}, p.refreshError(err)
	}
	if response.accessToken == "" {
		return ports.Refreshed{}, providerhttp.Refused("the response to a refresh has no access token")
	}
	memberships, err := p.refreshedMemberships(ctx, m, response, req)
	if err != nil {
		return ports.Refreshed{}, err
	}
	return ports.Refreshed{
		AccessToken:  ports.AccessToken{Value: response.accessToken, Scopes: req.Scopes, Expires: response.expires},
		RefreshToken: cmp.Or(response.refreshToken, req.RefreshToken),
		Memberships:  memberships,
	}, nil
}

func (p *Provider) redeemRefreshToken(ctx context.Context, m metadata, req ports.RefreshRequest) (tokenResponse, error) {
	return p.requestTokens(ctx, m, req.Scopes, url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {req.RefreshToken},
		"scope":         {strings.Join(requestedScopes(req.Scopes), " ")},
	})
}

// refreshError returns the error of a refused refresh. If the grant has ended, only
// the person can go on, by signing in. If Entra reports that the account is gone,
// errors.Is also matches ports.ErrAccountGone. The error keeps the claims to ask
// for.
func (p *Provider) refreshError(err error) error {
	e, ok := errors.AsType[*ports.ProviderError](err)
	if !ok || e.Kind != ports.ErrProviderRefused {
		return err
	}
	if e.Code == "invalid_grant" || errors.Is(err, errGrantEnded) {
		e.Kind = ports.ErrInteractionRequired
	}
	if errors.Is(err, errAccountGone) && p.authority.Entra() {
		return providerhttp.Tagged(err, ports.ErrAccountGone)
	}
	return err
}

// refreshedMemberships verifies the new ID token against the sign-in (OpenID
// Connect Core 1.0, section 12.2) and returns its roles and groups. It returns nil
// if the response has no ID token.
func (p *Provider) refreshedMemberships(ctx context.Context, m metadata, response tokenResponse, req ports.RefreshRequest) (*ports.Memberships, error) {
	if response.idToken == "" {
		return nil, nil
	}
	token, err := p.verifier(p.flow, m, bySignIn).Verify(ctx, response.idToken, idtoken.Expected{
		Nonce:       req.Nonce,
		Refreshed:   true,
		Issuer:      req.Issuer,
		Subject:     req.Subject,
		AccessToken: response.accessToken,
	})
	if err != nil {
		return nil, err
	}
	return &ports.Memberships{Roles: token.Identity.Roles, Groups: token.Groups}, nil
}
