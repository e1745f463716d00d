package domain

import (
	"context"
	"errors"
	"fmt"

	"webapp/internal/ports"
)

// SignOut ends this browser's session for good and answers where the provider
// ends its own, or "" where it does not. The session here ends first, and ends
// also while the provider is down. Signing out without a session is no error.
// Error: ErrStoreUnavailable, and then the session may still live.
func (s *Service) SignOut(ctx context.Context) (string, error) {
	grant, err := s.grants.Grant(ctx)
	if errors.Is(err, ports.ErrNoSession) {
		return "", s.end(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("read grant: %w", err)
	}
	if err := s.end(ctx); err != nil {
		return "", err
	}
	provider, ok := s.provider.(ports.ProviderSignOut)
	if !ok {
		return "", nil
	}
	url, err := provider.EndSessionURL(ctx, grant.SignOutHint)
	if err != nil {
		// The person is signed out here; a provider that cannot say where its
		// sign-out is must not turn that into an error.
		return "", nil
	}
	return url, nil
}

func (s *Service) end(ctx context.Context) error {
	if err := s.sessions.End(ctx); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}
