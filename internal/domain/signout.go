package domain

import (
	"context"
	"errors"
	"fmt"

	"webapp/internal/ports"
)

// SignOut ends this browser's session and returns the provider's sign-out URL, or
// "" if the provider has none. The session ends also while the provider is down.
// Without a session SignOut returns no error. It returns ErrStoreUnavailable if
// the session may still exist.
func (s *Service) SignOut(ctx context.Context) (string, error) {
	_, err := s.sessions.Current(ctx)
	if errors.Is(err, ports.ErrNoSession) {
		return "", s.end(ctx, ports.EndedByUser)
	}
	if err != nil {
		return "", fmt.Errorf("read session: %w", err)
	}
	tokens, err := s.sessions.Tokens(ctx)
	if err != nil && !errors.Is(err, ports.ErrNoSession) {
		return "", fmt.Errorf("read tokens: %w", err)
	}
	if err := s.end(ctx, ports.EndedByUser); err != nil {
		return "", err
	}
	return s.endSessionURL(ctx, tokens.SignOutHint), nil
}

// SignsOutAtProvider reports whether SignOut returns a URL of the provider.
func (s *Service) SignsOutAtProvider(ctx context.Context) bool {
	return s.endSessionURL(ctx, "") != ""
}

// endSessionURL returns the provider's sign-out URL, or "" without one. A failure
// is no error, because the person is signed out here.
func (s *Service) endSessionURL(ctx context.Context, hint string) string {
	provider, ok := s.provider.(ports.ProviderSignOut)
	if !ok {
		return ""
	}
	url, err := provider.EndSessionURL(ctx, hint)
	if err != nil {
		return ""
	}
	return url
}

// end ends this browser's sessions, records them and revokes their refresh tokens.
func (s *Service) end(ctx context.Context, by ports.AuditCause) error {
	ended, err := s.sessions.End(ctx, s.revokesAfter(by))
	s.afterEnd(ctx, by, ended, ports.Identity{})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// afterEnd records the ended sessions of a browser and revokes their refresh tokens. For
// an expired session the recorded cause is the session limit instead of by. signedIn is
// the person who has just signed in, or zero. afterEnd does not revoke that person's
// tokens, because some providers would revoke the new session's tokens too.
func (s *Service) afterEnd(ctx context.Context, by ports.AuditCause, ended []ports.EndedSession, signedIn ports.Identity) {
	for _, one := range ended {
		cause := by
		if s.limits.expired(one.Session, s.now()) {
			cause = ports.EndedByLimit
		}
		s.record(ctx, ports.AuditEvent{Kind: ports.AuditSessionEnded, By: cause, Count: 1}, one.Identity)
		if s.revokesAfter(by) && newUser(one.Identity).Key != newUser(signedIn).Key {
			s.revoke(ctx, one.Identity, one.RefreshToken)
		}
	}
}

// afterEndOf records the ended sessions of people on any browser, one event for each
// person and cause, and revokes their refresh tokens. It returns how many sessions had not
// expired.
func (s *Service) afterEndOf(ctx context.Context, by ports.AuditCause, ended []ports.EndedSessions) int {
	live := 0
	for _, one := range ended {
		live += one.Live
		if one.Live > 0 {
			s.record(ctx, ports.AuditEvent{Kind: ports.AuditSessionEnded, By: by, Count: one.Live}, one.Identity)
		}
		if one.Expired > 0 {
			s.record(ctx, ports.AuditEvent{Kind: ports.AuditSessionEnded, By: ports.EndedByLimit, Count: one.Expired}, one.Identity)
		}
		if s.revokesAfter(by) {
			for _, token := range one.RefreshTokens {
				s.revoke(ctx, one.Identity, token)
			}
		}
	}
	return live
}
