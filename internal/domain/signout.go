package domain

import (
	"context"
	"errors"
	"fmt"

	"webapp/internal/ports"
)

// SignOut ends this browser's session for good and returns where the provider
// ends its own, or "" where it does not. The session here ends first, and ends
// also while the provider is down. Signing out without a session is no error.
// Error: ErrStoreUnavailable, and then the session may still live.
func (s *Service) SignOut(ctx context.Context) (string, error) {
	_, err := s.sessions.Current(ctx)
	if errors.Is(err, ports.ErrNoSession) {
		return "", s.end(ctx, ports.EndedByUser)
	}
	if err != nil {
		return "", fmt.Errorf("read session: %w", err)
	}
	grant, err := s.sessions.Tokens(ctx)
	if err != nil && !errors.Is(err, ports.ErrNoSession) {
		return "", fmt.Errorf("read grant: %w", err)
	}
	if err := s.end(ctx, ports.EndedByUser); err != nil {
		return "", err
	}
	return s.endSessionURL(ctx, grant.SignOutHint), nil
}

// SignsOutAtProvider tells whether signing out leads on to the provider's own
// sign-out.
func (s *Service) SignsOutAtProvider(ctx context.Context) bool {
	return s.endSessionURL(ctx, "") != ""
}

// endSessionURL returns "" where the provider has no sign-out, or cannot say
// where it is: the person is signed out here, and that must not become an error.
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

// end ends what this browser has, and records it.
func (s *Service) end(ctx context.Context, by ports.AuditCause) error {
	ended, err := s.sessions.End(ctx)
	s.recordEnded(ctx, by, ended)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}
