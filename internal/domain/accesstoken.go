package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"webapp/internal/ports"
)

const (
	// refreshAhead is how long before its end a token is renewed, so that it
	// does not end on its way to the API.
	refreshAhead = 5 * time.Minute
	// maxAccessTokens bounds the tokens kept for one session; the oldest goes.
	maxAccessTokens = 8
)

// AccessToken answers a bearer token of the signed-in user for an API's scopes,
// refreshed when it is about to end. Errors: ErrNotSignedIn,
// ErrStoreUnavailable, ErrProviderUnavailable, or *InteractionRequired where
// the person has to sign in again.
func (s *Service) AccessToken(ctx context.Context, scopes ...string) (string, error) {
	session, err := s.current(ctx)
	if err != nil {
		return "", err
	}
	grant, err := s.grants.Grant(ctx)
	if err != nil {
		return "", notSignedIn(err, "read grant")
	}
	token, found := tokenFor(grant, scopes)
	now := s.now()
	if found && token.Expires.Sub(now) > refreshAhead {
		return token.Value, nil
	}
	fresh, err := s.refresh(ctx, session, grant, scopes)
	if err == nil {
		return fresh, nil
	}
	// A refresh that failed on the provider's side costs nothing while the old
	// token is still good.
	if found && token.Expires.After(now) && errors.Is(err, ErrProviderUnavailable) {
		return token.Value, nil
	}
	return "", err
}

func (s *Service) refresh(ctx context.Context, session ports.Session, grant ports.Grant, scopes []string) (string, error) {
	refresher, ok := s.provider.(ports.TokenRefresher)
	if !ok || grant.RefreshToken == "" {
		return "", &InteractionRequired{Scopes: scopes}
	}
	refreshed, err := refresher.Refresh(ctx, ports.RefreshRequest{
		RefreshToken: grant.RefreshToken,
		Scopes:       scopes,
		Issuer:       session.Identity.Issuer,
		Subject:      session.Identity.Subject,
		Nonce:        grant.Nonce,
	})
	if err != nil {
		return "", refreshError(err, scopes)
	}
	grant.RefreshToken = refreshed.RefreshToken
	grant.AccessTokens = withToken(grant.AccessTokens, refreshed.AccessToken)
	if err := s.grants.SaveGrant(ctx, grant); err != nil {
		return "", notSignedIn(err, "save grant")
	}
	return refreshed.AccessToken.Value, nil
}

// refreshError tells what only the person can mend from what may pass.
func refreshError(err error, scopes []string) error {
	if !errors.Is(err, ports.ErrInteractionRequired) {
		return fmt.Errorf("refresh: %w", err)
	}
	required := &InteractionRequired{Scopes: scopes, Cause: err}
	if reported, ok := errors.AsType[*ports.ProviderError](err); ok {
		required.Claims = reported.Claims
	}
	return required
}

// tokenFor finds a token that was asked for at least these scopes.
func tokenFor(g ports.Grant, scopes []string) (ports.AccessToken, bool) {
	for _, t := range g.AccessTokens {
		if !slices.ContainsFunc(scopes, func(want string) bool { return !slices.Contains(t.Scopes, want) }) {
			return t, true
		}
	}
	return ports.AccessToken{}, false
}

// withToken puts t in the place of the token for the same scopes.
func withToken(tokens []ports.AccessToken, t ports.AccessToken) []ports.AccessToken {
	kept := slices.DeleteFunc(slices.Clone(tokens), func(old ports.AccessToken) bool {
		return slices.Equal(old.Scopes, t.Scopes)
	})
	if len(kept) >= maxAccessTokens {
		kept = kept[1:]
	}
	return append(kept, t)
}
