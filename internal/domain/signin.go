package domain

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"

	"webapp/internal/ports"
)

// SignInRequest is the input of SignIn.
type SignInRequest struct {
	// ReturnTo is the path to open after the sign-in. If it is not a local path,
	// the home page opens.
	ReturnTo string
	// Scopes are the scopes of the API that will be called, or none.
	Scopes []string
	// Claims is a claims request from an API's claims challenge, or empty.
	Claims string
	// UILocales are the preferred languages of the provider's pages, as in
	// ports.AuthorizationRequest.
	UILocales string
	// Flow is FlowSignUp or FlowResetPassword if the person chose to create an account
	// or to reset the password. If the provider has no such flow, the sign-in begins.
	Flow Flow
}

// SignIn begins a sign-in and returns the URL to send the browser to. It returns
// ErrProviderUnavailable or ErrStoreUnavailable. An abandoned sign-in needs no
// cleanup.
func (s *Service) SignIn(ctx context.Context, req SignInRequest) (string, error) {
	request := ports.AuthorizationRequest{Scopes: req.Scopes, Claims: req.Claims, UILocales: req.UILocales}
	// The adapter decides about FlowSignUp itself, because that needs the metadata.
	if req.Flow == FlowSignUp || req.Flow == FlowResetPassword && s.HasFlow(FlowResetPassword) {
		request.Flow = req.Flow
	}
	location, err := s.begin(ctx, request, ports.PendingSignIn{ReturnTo: req.ReturnTo}, ports.Identity{})
	if err != nil {
		return "", s.RecordRefusal(ctx, err)
	}
	return location, nil
}

// begin begins a sign-in at the provider and stores it as pending. who is the
// signed-in person, or zero.
func (s *Service) begin(ctx context.Context, request ports.AuthorizationRequest, p ports.PendingSignIn, who ports.Identity) (string, error) {
	state, err := s.newState()
	if err != nil {
		return "", err
	}
	request.State = state
	authorization, err := s.provider.Begin(ctx, request)
	if err != nil {
		return "", fmt.Errorf("begin sign-in: %w", err)
	}
	p.State, p.Secret, p.Flow, p.Expires = state, authorization.Secret, request.Flow, s.now().Add(PendingLifetime)
	p.ReturnTo = s.returns.check(p.ReturnTo)
	if err := s.sessions.Keep(ctx, p); err != nil {
		return "", fmt.Errorf("keep pending sign-in: %w", err)
	}
	s.record(ctx, ports.AuditEvent{Kind: ports.AuditSignInStarted}, who)
	return authorization.URL, nil
}

// newState returns 256 random bits in base64url. Entra removes text that looks like
// HTML from a state.
func (s *Service) newState() (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(s.random, b); err != nil {
		return "", fmt.Errorf("create state: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// ProviderReady returns nil if a sign-in could begin now, and otherwise
// ErrProviderUnavailable. While the first request to the provider is still running,
// errors.Is also matches ErrProviderPending. A provider without
// ports.ProviderReadiness is always ready.
func (s *Service) ProviderReady(ctx context.Context) error {
	if p, ok := s.provider.(ports.ProviderReadiness); ok {
		return p.Ready(ctx)
	}
	return nil
}

// PushesRequests reports whether each sign-in sends a request to the provider before the
// browser goes there, as ports.RequestPusher does. Callers limit such sign-ins.
func (s *Service) PushesRequests() bool {
	p, ok := s.provider.(ports.RequestPusher)
	return ok && p.PushesRequests()
}
