package domain

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"

	"webapp/internal/ports"
)

// SignInRequest says what a sign-in is for.
type SignInRequest struct {
	// ReturnTo is where the person wants to go afterwards. Anything but a
	// local path becomes "/".
	ReturnTo string
	// Scopes are those of the API that will be called, or none.
	Scopes []string
	// Claims is a claims request, from an API's challenge, or empty.
	Claims string
}

// SignIn begins a sign-in and returns where to send the browser. Errors:
// ErrProviderUnavailable, ErrStoreUnavailable. What was begun needs no undoing.
func (s *Service) SignIn(ctx context.Context, req SignInRequest) (string, error) {
	ask := ports.AuthorizationRequest{Scopes: req.Scopes, Claims: req.Claims}
	location, err := s.begin(ctx, ask, ports.PendingSignIn{ReturnTo: req.ReturnTo}, ports.Identity{})
	if err != nil {
		return "", s.RecordRefusal(ctx, err)
	}
	return location, nil
}

// begin asks the provider and keeps the rest of p with the browser. who is the
// person for whom it begins, where that is known.
func (s *Service) begin(ctx context.Context, ask ports.AuthorizationRequest, p ports.PendingSignIn, who ports.Identity) (string, error) {
	state, err := s.newState()
	if err != nil {
		return "", err
	}
	ask.State = state
	authorization, err := s.provider.Begin(ctx, ask)
	if err != nil {
		return "", fmt.Errorf("begin sign-in: %w", err)
	}
	p.State, p.Secret, p.Expires = state, authorization.Secret, s.now().Add(PendingLifetime)
	p.ReturnTo, p.Scopes = s.returns.check(p.ReturnTo), ask.Scopes
	err = s.sessions.Keep(ctx, p)
	if err != nil {
		return "", fmt.Errorf("keep pending sign-in: %w", err)
	}
	s.record(ctx, ports.AuditEvent{Kind: ports.AuditSignInStarted}, who)
	return authorization.URL, nil
}

// ReturnPath returns where a browser that asks for raw may be sent: raw itself
// if it is a local path, else "/".
func (s *Service) ReturnPath(raw string) string { return s.returns.check(raw) }

// newState makes 256 random bits in base64url: Entra strips anything that looks
// like HTML from a state.
func (s *Service) newState() (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(s.random, b); err != nil {
		return "", fmt.Errorf("make state: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
