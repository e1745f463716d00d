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
	// leaseFor is how long one request may take to renew a session's tokens.
	// An instance that dies meanwhile keeps the others out no longer.
	leaseFor = 30 * time.Second
	// renewFor bounds a renewal; it is less than the lease, so that nobody else
	// renews meanwhile.
	renewFor = 9 * time.Second
	// leasePatience is how long a request waits while another one renews; it
	// looks for the result after each leasePause. A slow store makes it look
	// less often, not longer.
	leasePatience = 5 * time.Second
	leasePause    = 100 * time.Millisecond
	// maxRefreshWaits bounds the requests that wait so on this instance.
	maxRefreshWaits = 128
)

// AccessToken returns a bearer token of the signed-in user for an API's scopes,
// renewed when it is about to end. One request of a session renews at a time,
// on all instances together; the others wait for its result. A new ID token
// renews the person's roles and groups. Errors: ErrNotSignedIn, also where the
// provider says that the account is gone, which ends the session;
// ErrStoreUnavailable, ErrProviderUnavailable, ErrRefreshBusy,
// or *InteractionRequired where the person has to sign in again.
func (s *Service) AccessToken(ctx context.Context, scopes ...string) (string, error) {
	session, err := s.current(ctx)
	if err != nil {
		return "", err
	}
	giveUp := s.now().Add(leasePatience)
	for range leasePatience / leasePause {
		token, err := s.keptToken(ctx, scopes)
		if err != nil {
			return "", err
		}
		if token.Expires.Sub(s.now()) > refreshAhead {
			return token.Value, nil
		}
		release, err := s.sessions.LeaseRefresh(ctx, s.now().Add(leaseFor))
		if err == nil {
			defer release(ctx)
			return s.renew(ctx, session, scopes)
		}
		if !errors.Is(err, ports.ErrLeased) {
			return "", notSignedIn(err, "lease refresh")
		}
		if token.Expires.After(s.now()) {
			return token.Value, nil // still good while another renews it
		}
		if s.now().After(giveUp) {
			break
		}
		if err := s.waitForRefresh(ctx); err != nil {
			return "", fmt.Errorf("%w: %w", ErrRefreshBusy, err)
		}
	}
	return "", ErrRefreshBusy
}

// waitForRefresh lets a moment pass, for at most maxRefreshWaits requests at once.
func (s *Service) waitForRefresh(ctx context.Context) error {
	if !s.refreshing.take() {
		return errors.New("too many requests wait already")
	}
	defer s.refreshing.leave()
	return s.wait(ctx, leasePause)
}

// keptToken returns the token that the session has for scopes; the zero token
// where there is none.
func (s *Service) keptToken(ctx context.Context, scopes []string) (ports.AccessToken, error) {
	grant, err := s.sessions.Tokens(ctx)
	if err != nil {
		return ports.AccessToken{}, notSignedIn(err, "read grant")
	}
	return tokenFor(grant, scopes), nil
}

// renew renews the token under the lease. It looks once more first: another
// request may have renewed it since this one looked. It goes on when the browser
// has left: the provider may have spent the old refresh token by then, and the
// new one would be lost.
func (s *Service) renew(ctx context.Context, session ports.Session, scopes []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewFor)
	defer cancel()
	grant, err := s.sessions.Tokens(ctx)
	if err != nil {
		return "", notSignedIn(err, "read grant")
	}
	kept, now := tokenFor(grant, scopes), s.now()
	if kept.Expires.Sub(now) > refreshAhead {
		return kept.Value, nil
	}
	fresh, err := s.refresh(ctx, session, grant, scopes)
	if err == nil {
		return fresh, nil
	}
	// A renewal that cannot be had costs nothing while the old token is good.
	passing := errors.Is(err, ErrProviderUnavailable) || grant.RefreshToken == ""
	if passing && kept.Expires.After(now) {
		return kept.Value, nil
	}
	return "", err
}

func (s *Service) refresh(ctx context.Context, session ports.Session, grant ports.Tokens, scopes []string) (string, error) {
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
		s.recordFailure(ctx, ports.AuditRefreshFailed, err, session.Identity)
		if errors.Is(err, ports.ErrAccountGone) {
			return "", s.endGone(ctx, err)
		}
		return "", refreshError(err, scopes)
	}
	if err := s.keepRefreshed(ctx, refreshed); err != nil {
		// The provider may have spent the old refresh token.
		s.recordFailure(ctx, ports.AuditRefreshFailed, err, session.Identity)
		return "", err
	}
	s.record(ctx, ports.AuditEvent{Kind: ports.AuditTokenRefreshed}, session.Identity)
	return refreshed.AccessToken.Value, nil
}

// keepRefreshed renews what the session knows of the person. The roles come
// first: where they cannot be written, no new token hides for an hour that they
// are old.
func (s *Service) keepRefreshed(ctx context.Context, refreshed ports.Refreshed) error {
	renewed := refreshed.Memberships
	if renewed != nil {
		if err := s.sessions.UpdateRoles(ctx, renewed.Roles); err != nil {
			return notSignedIn(err, "save roles")
		}
	}
	err := s.sessions.UpdateTokens(ctx, func(g *ports.Tokens) {
		g.RefreshToken = refreshed.RefreshToken
		g.AccessTokens = withToken(g.AccessTokens, refreshed.AccessToken)
		if renewed != nil {
			g.Groups = tokenGroups(renewed.Groups)
		}
	})
	if err != nil {
		return notSignedIn(err, "save grant")
	}
	return nil
}

// endGone ends the session of an account that is gone. It returns
// ErrNotSignedIn, or the store's error: the session lives on then, and the next
// refresh ends it.
func (s *Service) endGone(ctx context.Context, cause error) error {
	if err := s.end(ctx, ports.EndedByProvider); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotSignedIn, cause)
}

// DropAccessToken forgets a token that its API has refused, so that it is not
// offered again. Errors: ErrNotSignedIn, ErrStoreUnavailable.
func (s *Service) DropAccessToken(ctx context.Context, token string) error {
	err := s.sessions.UpdateTokens(ctx, func(g *ports.Tokens) {
		g.AccessTokens = slices.DeleteFunc(g.AccessTokens, func(t ports.AccessToken) bool { return t.Value == token })
	})
	if err != nil {
		return notSignedIn(err, "drop access token")
	}
	return nil
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

// tokenFor finds a token that was asked for at least these scopes; the zero
// token, which ended long ago, where there is none.
func tokenFor(g ports.Tokens, scopes []string) ports.AccessToken {
	for _, t := range g.AccessTokens {
		if !slices.ContainsFunc(scopes, func(want string) bool { return !slices.Contains(t.Scopes, want) }) {
			return t
		}
	}
	return ports.AccessToken{}
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
