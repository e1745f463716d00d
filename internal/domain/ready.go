package domain

import (
	"context"

	"webapp/internal/ports"
)

// ProviderReady tells whether a sign-in could begin now; a provider that cannot
// tell counts as ready. Error: ErrProviderUnavailable, which is
// ErrProviderPending too where it is not known yet.
func (s *Service) ProviderReady(ctx context.Context) error {
	if p, ok := s.provider.(ports.ProviderReadiness); ok {
		return p.Ready(ctx)
	}
	return nil
}
