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
	s.recordEnded(ctx, by, ended)
	s.revokeEnded(ctx, ended, ports.Identity{})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}
