package domain

import (
	"context"
	"errors"
	"fmt"

	"webapp/internal/ports"
)

// FrontChannelLogout ends the sessions that began in the provider's session sid
// (OpenID Connect Front-Channel Logout 1.0), and returns how many. The response must
// not reveal that number, because the request is unsigned and anybody can send it. For
// the same reason no token is revoked. A wrong issuer ends nothing. An empty issuer is
// accepted only with Config.AllowLogoutWithoutIssuer.
func (s *Service) FrontChannelLogout(ctx context.Context, issuer, sid string) (int, error) {
	if sid == "" || len(sid) > ports.MaxProviderSession || issuer == "" && !s.logoutWithoutIssuer {
		return 0, nil
	}
	ended, err := s.sessions.EndProviderSession(ctx, issuer, "", sid, false)
	n := s.afterEndOf(ctx, ports.EndedByFrontChannel, ended)
	if err != nil {
		return n, fmt.Errorf("front-channel logout: %w", err)
	}
	return n, nil
}

// BackChannelLogout ends the sessions that a logout token names (OpenID Connect
// Back-Channel Logout 1.0, section 2.7), and returns how many. A token works once. It
// is spent after its sessions have ended, so that the provider can send it again if
// the store was down. BackChannelLogout returns ErrTokenRefused, ErrUnsupported,
// ErrProviderUnavailable or ErrStoreUnavailable.
func (s *Service) BackChannelLogout(ctx context.Context, token string) (int, error) {
	verifier, ok := s.provider.(ports.LogoutTokenVerifier)
	if !ok {
		return 0, ErrUnsupported
	}
	logout, err := verifier.VerifyLogoutToken(ctx, token)
	if err != nil {
		return 0, fmt.Errorf("back-channel logout: %w", err)
	}
	id := "logout " + logout.Issuer + " " + logout.ID
	if err := s.sessions.CheckUnspent(ctx, id); err != nil {
		return 0, usedBefore(err)
	}
	var ended []ports.EndedSessions
	withTokens := s.revokesAfter(ports.EndedByBackChannel)
	if logout.ProviderSession != "" {
		ended, err = s.sessions.EndProviderSession(ctx, logout.Issuer, logout.Subject, logout.ProviderSession, withTokens)
	} else {
		ended, err = s.sessions.EndSessionsOf(ctx, logout.Issuer, logout.Subject, false, withTokens)
	}
	n := s.afterEndOf(ctx, ports.EndedByBackChannel, ended)
	if err != nil {
		return n, fmt.Errorf("back-channel logout: %w", err)
	}
	if err := s.sessions.Spend(ctx, id, logout.Expires); err != nil {
		return n, usedBefore(err)
	}
	return n, nil
}

// usedBefore turns ports.ErrSpent into ErrTokenRefused.
func usedBefore(err error) error {
	if errors.Is(err, ports.ErrSpent) {
		return fmt.Errorf("%w: logout token used before", ErrTokenRefused)
	}
	return fmt.Errorf("back-channel logout: %w", err)
}
