package domain

import (
	"context"
	"errors"
	"fmt"

	"webapp/internal/ports"
)

// FrontChannelLogout ends the sessions that began in the provider's session
// sid, and returns how many (OpenID Connect Front-Channel Logout 1.0). The
// request is unsigned and usually without cookies, so it can end sessions and
// nothing else, and learns nothing. Another issuer than the session's ends
// nothing; none at all counts only where Config.AllowLogoutWithoutIssuer allows it.
func (s *Service) FrontChannelLogout(ctx context.Context, issuer, sid string) (int, error) {
	if sid == "" || len(sid) > ports.MaxProviderSession || issuer == "" && !s.sidAlone {
		return 0, nil
	}
	ended, err := s.sessions.EndProviderSession(ctx, issuer, "", sid)
	n := s.recordEndedOf(ctx, ports.EndedByFrontChannel, ended)
	if err != nil {
		return n, fmt.Errorf("front-channel logout: %w", err)
	}
	return n, nil
}

// BackChannelLogout ends the sessions that a logout token names, and returns
// how many; none is no error (OpenID Connect Back-Channel Logout 1.0, section
// 2.7). A token is good once, and spent only when its sessions have ended: one
// that came while the store was down does its work when the provider sends it
// again. Errors: ErrTokenRefused, ErrUnsupported,
// ErrProviderUnavailable, ErrStoreUnavailable.
func (s *Service) BackChannelLogout(ctx context.Context, token string) (int, error) {
	verifier, ok := s.provider.(ports.LogoutTokenVerifier)
	if !ok {
		return 0, ErrUnsupported
	}
	said, err := verifier.VerifyLogoutToken(ctx, token)
	if err != nil {
		return 0, fmt.Errorf("back-channel logout: %w", err)
	}
	id := "logout " + said.Issuer + " " + said.ID
	if err := s.sessions.CheckUnspent(ctx, id); err != nil {
		return 0, usedBefore(err)
	}
	var ended []ports.EndedSessions
	if said.ProviderSession != "" {
		ended, err = s.sessions.EndProviderSession(ctx, said.Issuer, said.Subject, said.ProviderSession)
	} else {
		ended, err = s.sessions.EndSessionsOf(ctx, said.Issuer, said.Subject, false)
	}
	n := s.recordEndedOf(ctx, ports.EndedByBackChannel, ended)
	if err != nil {
		return n, fmt.Errorf("back-channel logout: %w", err)
	}
	if err := s.sessions.Spend(ctx, id, said.Expires); err != nil {
		return n, usedBefore(err)
	}
	return n, nil
}

// usedBefore gives the port's "spent" the domain's name.
func usedBefore(err error) error {
	if errors.Is(err, ports.ErrSpent) {
		return fmt.Errorf("%w: logout token used before", ErrTokenRefused)
	}
	return fmt.Errorf("back-channel logout: %w", err)
}
