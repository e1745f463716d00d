package entra

import (
	"context"
	"errors"
	"net/url"
	"time"

	"webapp/internal/ports"
)

// refreshRetryPause stands between a refresh that failed on the provider's
// side and its one repetition.
const refreshRetryPause = time.Second

// Refresh renews the access token for req.Scopes. A failure on the provider's
// side, or a time-out, is tried once more; throttling is not, since an early
// repetition makes it last.
func (p *Provider) Refresh(ctx context.Context, req ports.RefreshRequest) (ports.Refreshed, error) {
	if req.RefreshToken == "" || req.Issuer == "" || req.Subject == "" {
		return ports.Refreshed{}, &ports.ProviderError{Kind: ports.ErrInteractionRequired, Code: "invalid_grant"}
	}
	m, err := p.metadata.get(ctx)
	if err != nil {
		return ports.Refreshed{}, err
	}
	got, err := p.redeemRefreshToken(ctx, m, req)
	if worthRepeating(ctx, err) && p.client.pause(ctx, refreshRetryPause) == nil {
		got, err = p.redeemRefreshToken(ctx, m, req)
	}
	if err != nil {
		return ports.Refreshed{}, refreshError(err)
	}
	if got.access == "" {
		return ports.Refreshed{}, refuse("the answer to a refresh has no access token")
	}
	if err := p.checkRefreshedIDToken(ctx, m, got, req); err != nil {
		return ports.Refreshed{}, err
	}
	refreshed := ports.Refreshed{
		AccessToken:  ports.AccessToken{Value: got.access, Scopes: req.Scopes, Expires: got.expires},
		RefreshToken: req.RefreshToken,
	}
	if got.refresh != "" {
		refreshed.RefreshToken = got.refresh
	}
	return refreshed, nil
}

func (p *Provider) redeemRefreshToken(ctx context.Context, m metadata, req ports.RefreshRequest) (tokenAnswer, error) {
	return p.askToken(ctx, m, url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {req.RefreshToken},
		"scope":         {joinScopes(req.Scopes)},
	})
}

// checkRefreshedIDToken verifies the new ID token, where there is one, as a
// whole and against the old (OpenID Connect Core 1.0, section 12.2).
func (p *Provider) checkRefreshedIDToken(ctx context.Context, m metadata, got tokenAnswer, req ports.RefreshRequest) error {
	if got.id == "" {
		return nil
	}
	_, err := p.verify(ctx, m, got.id, expectation{
		nonce:       nonceEqualsIfPresent(req.Nonce),
		issuer:      req.Issuer,
		subject:     req.Subject,
		accessToken: got.access,
	})
	return err
}

// refreshError turns "this grant is over" into what it means after a sign-in:
// only the person can go on.
func refreshError(err error) error {
	var e *ports.ProviderError
	if errors.As(err, &e) && e.Code == "invalid_grant" && e.Kind == ports.ErrProviderRefused {
		e.Kind = ports.ErrInteractionRequired
	}
	return err
}
