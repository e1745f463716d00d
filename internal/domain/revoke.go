package domain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webapp/internal/ports"
)

const (
	// revocationTimeout is how long the provider has to revoke a refresh token after
	// the session has ended. It includes the wait for other revocations.
	revocationTimeout = 5 * time.Second
	// maxRevocationCalls limits the revocation requests that run at once, so that a
	// provider that hangs keeps few connections busy. The transport has as many places
	// for them (providerhttp.MaxRevocations).
	maxRevocationCalls = 16
	// maxRevocations limits the tokens that are being revoked, running requests and
	// waiting ones together. One logout token can end ports.MaxSessions sessions.
	maxRevocations = 4 * ports.MaxSessions
)

// errRevocationBusy is the reason for a token that is not sent to the provider,
// because too many others are being revoked.
var errRevocationBusy = errors.New("too many token revocations at once")

// revokesAfter reports whether the refresh tokens of sessions that end for this cause
// are revoked (RFC 7009). A front-channel logout is unsigned, so it revokes nothing.
func (s *Service) revokesAfter(by ports.AuditCause) bool {
	switch by {
	case ports.EndedByUser, ports.EndedElsewhere, ports.EndedByBackChannel, ports.EndedByLimit, ports.EndedByNewSignIn:
		return s.revoker() != nil
	}
	return false
}

// revoker returns the provider as a TokenRevoker, or nil if it revokes no tokens.
func (s *Service) revoker() ports.TokenRevoker {
	revoker, ok := s.provider.(ports.TokenRevoker)
	if !ok || !revoker.RevokesTokens() {
		return nil
	}
	return revoker
}

// revoke revokes a refresh token in the background and records the outcome. It does
// not wait.
func (s *Service) revoke(ctx context.Context, who ports.Identity, token string) {
	revoker := s.revoker()
	if token == "" || revoker == nil {
		return
	}
	if !s.revocations.take() {
		s.recordFailure(ctx, ports.AuditRevocationFailed, errRevocationBusy, who)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revocationTimeout)
	go func() {
		defer s.revocations.leave()
		defer cancel()
		if err := s.revokeInTurn(ctx, revoker, token); err != nil {
			s.recordFailure(ctx, ports.AuditRevocationFailed, err, who)
			return
		}
		s.record(ctx, ports.AuditEvent{Kind: ports.AuditTokenRevoked}, who)
	}()
}

func (s *Service) revokeInTurn(ctx context.Context, revoker ports.TokenRevoker, token string) error {
	s.revocationCalls <- struct{}{} // a short wait: running requests end by their own deadlines
	defer s.revocationCalls.leave()
	if ctx.Err() != nil {
		return errRevocationBusy
	}
	if err := revoker.RevokeToken(ctx, token); err != nil {
		return fmt.Errorf("revoke refresh token: %w", err)
	}
	return nil
}

// FinishRevocations waits until all revocations of refresh tokens have ended, or until ctx
// ends. Revocations take a few seconds at most. Afterwards no other one begins. The program
// calls it once, before it exits.
func (s *Service) FinishRevocations(ctx context.Context) {
	for range cap(s.revocations) {
		select {
		case s.revocations <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}
