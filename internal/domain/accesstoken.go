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
	// refreshAhead is how long before its expiry a token is refreshed, so that it
	// does not expire on its way to the API.
	refreshAhead = 5 * time.Minute
	// maxAccessTokens is how many access tokens a session keeps. A new one
	// replaces the oldest.
	maxAccessTokens = 8
	// leaseDuration is how long the refresh lease lasts. If an instance crashes
	// during a refresh, the other instances wait no longer than that.
	leaseDuration = 30 * time.Second
	// refreshTimeout limits one refresh. It is shorter than the lease, so that no
	// other request refreshes at the same time.
	refreshTimeout = 9 * time.Second
	// leasePatience is how long a request waits for the refresh of another one. It
	// reads the tokens again after each leasePause.
	leasePatience = 5 * time.Second
	leasePause    = 100 * time.Millisecond
	// maxRefreshWaits is how many requests can wait at once on this instance.
	maxRefreshWaits = 128
)

// AccessToken returns the signed-in user's bearer token for an API's scopes and
// refreshes it shortly before it expires. Of all requests of a session, on all
// instances, one refreshes and the others wait for its result. If the response
// has an ID token, the user gets its roles and groups.
//
// AccessToken returns ErrNotSignedIn if nobody is signed in, or if the provider
// says that the account is gone, which ends the session; *InteractionRequired if
// the person has to sign in again; and ErrRefreshBusy, ErrProviderUnavailable or
// ErrStoreUnavailable if a later try can succeed.
func (s *Service) AccessToken(ctx context.Context, scopes ...string) (string, error) {
	session, err := s.current(ctx)
	if err != nil {
		return "", err
	}
	giveUp := s.now().Add(leasePatience)
	for range leasePatience / leasePause {
		tokens, err := s.sessions.Tokens(ctx)
		if err != nil {
			return "", notSignedIn(err, "read tokens")
		}
		token := tokenFor(tokens, scopes)
		if token.Expires.Sub(s.now()) > refreshAhead {
			return token.Value, nil
		}
		release, err := s.sessions.LeaseRefresh(ctx, s.now().Add(leaseDuration))
		if err == nil {
			defer release(ctx)
			return s.refreshLeased(ctx, session, scopes)
		}
		if !errors.Is(err, ports.ErrLeased) {
			return "", notSignedIn(err, "lease refresh")
		}
		if token.Expires.After(s.now()) {
			return token.Value, nil // not expired while another request refreshes it
		}
		if s.now().After(giveUp) {
			break // a slow store can make the loop take longer
		}
		if err := s.waitForRefresh(ctx); err != nil {
			return "", fmt.Errorf("%w: %w", ErrRefreshBusy, err)
		}
	}
	return "", ErrRefreshBusy
}

// waitForRefresh pauses for leasePause. It returns an error if too many requests
// wait already.
func (s *Service) waitForRefresh(ctx context.Context) error {
	if !s.refreshing.take() {
		return errors.New("too many requests wait already")
	}
	defer s.refreshing.leave()
	return s.wait(ctx, leasePause)
}

// refreshLeased refreshes the token while this request has the lease. It reads
// the tokens again first, because another request may have refreshed in between.
// It continues if the browser disconnects: the provider may already have replaced
// the refresh token, and the new one would be lost.
func (s *Service) refreshLeased(ctx context.Context, session ports.Session, scopes []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
	defer cancel()
	tokens, err := s.sessions.Tokens(ctx)
	if err != nil {
		return "", notSignedIn(err, "read tokens")
	}
	old, now := tokenFor(tokens, scopes), s.now()
	if old.Expires.Sub(now) > refreshAhead {
		return old.Value, nil
	}
	fresh, err := s.refresh(ctx, session, tokens, scopes)
	if err == nil {
		return fresh, nil
	}
	// The old token stays in use until it expires, unless the provider refused the
	// refresh.
	temporary := errors.Is(err, ErrProviderUnavailable) || tokens.RefreshToken == ""
	if temporary && old.Expires.After(now) {
		return old.Value, nil
	}
	return "", err
}

func (s *Service) refresh(ctx context.Context, session ports.Session, tokens ports.Tokens, scopes []string) (string, error) {
	refresher, ok := s.provider.(ports.TokenRefresher)
	if !ok || tokens.RefreshToken == "" {
		return "", &InteractionRequired{Scopes: scopes}
	}
	refreshed, err := refresher.Refresh(ctx, ports.RefreshRequest{
		RefreshToken: tokens.RefreshToken,
		Scopes:       scopes,
		Issuer:       session.Identity.Issuer,
		Subject:      session.Identity.Subject,
		Nonce:        tokens.Nonce,
	})
	if err != nil {
		s.recordFailure(ctx, ports.AuditRefreshFailed, err, session.Identity)
		if errors.Is(err, ports.ErrAccountGone) {
			return "", s.endGone(ctx, err)
		}
		return "", refreshError(err, scopes)
	}
	if err := s.keepRefreshed(ctx, refreshed); err != nil {
		// The provider may no longer accept the old refresh token.
		s.recordFailure(ctx, ports.AuditRefreshFailed, err, session.Identity)
		if errors.Is(err, ErrNotSignedIn) && refreshed.RefreshToken != tokens.RefreshToken {
			// The session has ended in the meantime. Its end did not know this token.
			s.revoke(ctx, session.Identity, refreshed.RefreshToken)
		}
		return "", err
	}
	s.record(ctx, ports.AuditEvent{Kind: ports.AuditTokenRefreshed}, session.Identity)
	return refreshed.AccessToken.Value, nil
}

// keepRefreshed stores the result of a refresh. It stores the memberships first: if
// that fails, the session keeps the old token, and the next request refreshes again.
func (s *Service) keepRefreshed(ctx context.Context, refreshed ports.Refreshed) error {
	memberships := refreshed.Memberships
	if memberships != nil {
		if err := s.sessions.UpdateMemberships(ctx, memberships.Roles, sessionGroups(memberships.Groups)); err != nil {
			return notSignedIn(err, "save memberships")
		}
	}
	err := s.sessions.UpdateTokens(ctx, func(t *ports.Tokens) {
		t.RefreshToken = refreshed.RefreshToken
		t.AccessTokens = withToken(t.AccessTokens, refreshed.AccessToken)
		if memberships != nil {
			t.Groups = tokenGroups(memberships.Groups)
		}
	})
	if err != nil {
		return notSignedIn(err, "save tokens")
	}
	return nil
}

// endGone ends the session of an account that is gone, and returns ErrNotSignedIn.
// If the store fails, it returns that error, and the next refresh ends the
// session.
func (s *Service) endGone(ctx context.Context, cause error) error {
	if err := s.end(ctx, ports.EndedByProvider); err != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrNotSignedIn, cause)
}

// refreshError returns an *InteractionRequired if the person has to sign in again.
func refreshError(err error, scopes []string) error {
	if !errors.Is(err, ErrInteractionRequired) {
		return fmt.Errorf("refresh: %w", err)
	}
	required := &InteractionRequired{Scopes: scopes, Cause: err}
	if reported, ok := errors.AsType[*ports.ProviderError](err); ok {
		required.Claims = reported.Claims
	}
	return required
}

// tokenFor returns an access token that was requested with all these scopes. If
// there is none, it returns the zero token, which is expired.
func tokenFor(tokens ports.Tokens, scopes []string) ports.AccessToken {
	for _, t := range tokens.AccessTokens {
		if !slices.ContainsFunc(scopes, func(want string) bool { return !slices.Contains(t.Scopes, want) }) {
			return t
		}
	}
	return ports.AccessToken{}
}

// withToken returns tokens with t, which replaces the token for the same scopes.
func withToken(tokens []ports.AccessToken, t ports.AccessToken) []ports.AccessToken {
	kept := slices.DeleteFunc(slices.Clone(tokens), func(old ports.AccessToken) bool {
		return slices.Equal(old.Scopes, t.Scopes)
	})
	if len(kept) >= maxAccessTokens {
		kept = kept[1:]
	}
	return append(kept, t)
}

// DropAccessToken deletes an access token that its API refused. It returns
// ErrNotSignedIn or ErrStoreUnavailable.
func (s *Service) DropAccessToken(ctx context.Context, token string) error {
	err := s.sessions.UpdateTokens(ctx, func(t *ports.Tokens) {
		t.AccessTokens = slices.DeleteFunc(t.AccessTokens, func(one ports.AccessToken) bool { return one.Value == token })
	})
	if err != nil {
		return notSignedIn(err, "drop access token")
	}
	return nil
}
