package domain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"webapp/internal/ports"
)

// HasFlow reports whether the provider has the flow f at the moment. A provider without
// ports.ProviderFlows has the sign-in only.
func (s *Service) HasFlow(f Flow) bool {
	provider, ok := s.provider.(ports.ProviderFlows)
	return ok && provider.HasFlow(f) || f == ports.FlowSignIn
}

// EditProfile begins the flow in which the signed-in user edits the profile at the
// provider, and returns the URL to send the browser to. The flow ends on the home page.
// EditProfile returns ErrNotSignedIn, ErrUnsupported if the provider has no such flow,
// ErrProviderUnavailable or ErrStoreUnavailable.
func (s *Service) EditProfile(ctx context.Context, uiLocales string) (string, error) {
	session, err := s.current(ctx)
	if err != nil {
		return "", err
	}
	if !s.HasFlow(FlowEditProfile) {
		return "", ErrUnsupported
	}
	request := ports.AuthorizationRequest{Flow: FlowEditProfile, Person: session.Identity, UILocales: uiLocales}
	location, err := s.begin(ctx, request, ports.PendingSignIn{}, session.Identity)
	if err != nil {
		s.recordFailure(ctx, ports.AuditSignInRefused, err, session.Identity)
	}
	return location, err
}

// updateProfile replaces this browser's session with one that has the names and claims of
// the edited profile. Everything else comes from the old session: its times, roles and
// tokens. The provider may ask for less in this flow than in a sign-in, such as no second
// factor, so the flow must not sign anybody in and must not prolong a session.
//
// updateProfile returns ErrSignInAgain if nobody is signed in, if the profile is another
// person's, or if another request ends the session or changes its roles. A form_post
// callback always leads to ErrSignInAgain, because it carries no session cookie.
func (s *Service) updateProfile(ctx context.Context, in ports.SignedIn) error {
	session, err := s.current(ctx)
	var tokens ports.Tokens
	if err == nil {
		if tokens, err = s.sessions.Tokens(ctx); err != nil {
			err = notSignedIn(err, "read tokens")
		}
	}
	switch {
	case errors.Is(err, ErrNotSignedIn):
		return fmt.Errorf("%w: %w", ErrSignInAgain, err)
	case err != nil:
		return err
	case !samePerson(session.Identity, in.Identity):
		return fmt.Errorf("%w: the edited profile is another person's", ErrSignInAgain)
	}
	unchanged := func(old ports.EndedSession) bool {
		return samePerson(old.Identity, in.Identity) && slices.Equal(old.Identity.Roles, session.Identity.Roles)
	}
	session.Identity.Name = cmp.Or(in.Identity.Name, session.Identity.Name)
	session.Identity.Username = cmp.Or(in.Identity.Username, session.Identity.Username)
	ended, err := s.sessions.Start(ctx, ports.NewSession{Session: session, Claims: in.Claims, Tokens: tokens}, false)
	s.afterEnd(ctx, ports.EndedByNewSignIn, ended, in.Identity)
	if err != nil {
		return fmt.Errorf("start session: %w", err)
	}
	if !slices.ContainsFunc(ended, unchanged) {
		// Another request has ended the old session, for example a sign-out, or has
		// changed its roles. The new session must end too.
		if err := s.end(ctx, ports.EndedByUser); err != nil {
			return err
		}
		return ErrSignInAgain
	}
	s.record(ctx, ports.AuditEvent{Kind: ports.AuditSignInCompleted}, in.Identity)
	return nil
}

func samePerson(a, b ports.Identity) bool { return a.Issuer == b.Issuer && a.Subject == b.Subject }
