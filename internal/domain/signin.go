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
	// SameUser keeps to the signed-in account instead of asking which one.
	SameUser bool
}

// SignIn begins a sign-in and answers where to send the browser. Errors:
// ErrProviderUnavailable, ErrStoreUnavailable. What was begun needs no undoing.
func (s *Service) SignIn(ctx context.Context, req SignInRequest) (string, error) {
	state, err := s.newState()
	if err != nil {
		return "", err
	}
	ask := ports.AuthorizationRequest{State: state, Scopes: req.Scopes, Claims: req.Claims}
	if req.SameUser {
		current, err := s.current(ctx)
		if err != nil {
			return "", err
		}
		ask.LoginHint = current.Identity.LoginHint
	}
	authorization, err := s.provider.Begin(ctx, ask)
	if err != nil {
		return "", fmt.Errorf("begin sign-in: %w", err)
	}
	err = s.pending.Keep(ctx, ports.PendingSignIn{
		State:    state,
		Secret:   authorization.Secret,
		ReturnTo: s.returns.check(req.ReturnTo),
		Scopes:   req.Scopes,
		Began:    s.now(),
	})
	if err != nil {
		return "", fmt.Errorf("keep pending sign-in: %w", err)
	}
	return authorization.URL, nil
}

// ReturnPath answers where a browser that asks for raw may be sent: raw itself
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
