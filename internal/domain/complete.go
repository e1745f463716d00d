package domain

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"webapp/internal/ports"
)

// PendingLifetime is how long a person may stay at the provider.
const PendingLifetime = 15 * time.Minute

// CompleteSignIn completes a sign-in with the provider's callback, starts a new
// session and returns the local path to go to. device is the browser and operating
// system in words, for the user's list of sessions. The pending sign-in is spent
// before the first request to the provider, and stays spent after an error.
//
// If the browser repeats a callback while the first one is still being completed,
// the second call waits and returns the same session or error. If the browser is
// signed in already, a callback that completes no sign-in returns the home page.
//
// If a page required the sign-in and the same person's new authentication does not
// meet the requirement, the error matches ErrNotRecent or ErrAuthContextMissing, and
// the browser's session stays as it is.
//
// If the person cancelled, CompleteSignIn returns the page that they came from and no
// error. The error matches ErrSignInAgain if a sign-in has to follow, as after the reset of
// a password. It matches ErrPasswordForgotten if the person chose "Forgot your password?".
//
// CompleteSignIn returns ErrBadCallback, ErrUnknownSignIn, ErrStoreUnavailable, or a
// *SignInFailure with the cause.
func (s *Service) CompleteSignIn(ctx context.Context, cb Callback, device string) (string, error) {
	if err := checkCallback(cb); err != nil {
		return "", s.RecordRefusal(ctx, err)
	}
	pending, err := s.sessions.Take(ctx, cb.State)
	switch {
	case errors.Is(err, ports.ErrPendingSpent) && pending.State == cb.State:
		return s.secondCallback(ctx, cb, pending)
	case errors.Is(err, ports.ErrNoPendingSignIn), errors.Is(err, ports.ErrPendingSpent):
		return s.lateCallback(ctx, unknownSignIn(err))
	case err != nil: // the state is not spent
		cause := fmt.Errorf("take pending sign-in: %w", err)
		return "", s.RecordRefusal(ctx, &SignInFailure{ReturnTo: s.returns.check(pending.ReturnTo), Cause: cause})
	case subtle.ConstantTimeCompare([]byte(pending.State), []byte(cb.State)) != 1:
		return "", s.RecordRefusal(ctx, ErrUnknownSignIn)
	}
	// From here on a second callback can wait for this one, so it continues if the
	// browser disconnects.
	ctx = context.WithoutCancel(ctx)
	c := s.completing.begin(pending, cb.Code)
	defer s.conclude(ctx, c)
	if s.expired(pending) {
		c.to, c.err = s.lateCallback(ctx, &SignInFailure{ReturnTo: pending.ReturnTo, Cause: ErrSignInExpired})
		return c.to, c.err
	}
	if pending.Flow == ports.FlowResetPassword && cb.Error == "" {
		// The code is not redeemed: a new password signs nobody in.
		c.err = &SignInFailure{ReturnTo: pending.ReturnTo, Cause: ErrSignInAgain}
		return "", c.err
	}
	signedIn, err := s.provider.Complete(ctx, cb, pending.Secret)
	if errors.Is(err, ports.ErrCancelled) {
		return s.goBack(ctx, c, err)
	}
	if err != nil {
		return s.fail(ctx, c, err)
	}
	c.identity = signedIn.Identity
	if err := s.checkIdentity(c.identity); err != nil {
		return s.fail(ctx, c, err)
	}
	if err := s.finishFlow(ctx, signedIn, pending, device); err != nil {
		return s.fail(ctx, c, err)
	}
	c.to, c.err = s.returns.check(pending.ReturnTo), nil
	return c.to, c.err
}

// checkCallback returns ErrBadCallback unless cb has a state and either a valid code
// or an error (RFC 6749, sections 4.1.2 and 4.1.2.1, and appendix A.11).
func checkCallback(cb Callback) error {
	switch {
	case cb.State == "":
		return fmt.Errorf("%w: no state", ErrBadCallback)
	case cb.Code == "" && cb.Error == "":
		return fmt.Errorf("%w: neither code nor error", ErrBadCallback)
	case cb.Code != "" && cb.Error != "":
		return fmt.Errorf("%w: both code and error", ErrBadCallback)
	case strings.ContainsFunc(cb.Code, func(r rune) bool { return r < ' ' || r > '~' }):
		// A provider can fail on such a code instead of refusing it, and only
		// refused codes are limited.
		return fmt.Errorf("%w: the code has invalid characters", ErrBadCallback)
	}
	return nil
}

// clockSkew is how much the clocks of two instances may differ.
const clockSkew = 5 * time.Minute

// expired reports whether p began more than PendingLifetime ago, or in the future.
func (s *Service) expired(p ports.PendingSignIn) bool {
	left := p.Expires.Sub(s.now())
	return left <= 0 || left > PendingLifetime+clockSkew
}

// checkIdentity refuses an identity that names no person, or a person who may not
// sign in.
func (s *Service) checkIdentity(id ports.Identity) error {
	if id.Issuer == "" || id.Subject == "" {
		return fmt.Errorf("%w: identity without issuer or subject", ErrTokenRefused)
	}
	if !s.allowsSubject(id) {
		return ErrSubjectNotAllowed
	}
	return nil
}

// finishFlow starts the session after the flow of p: with the edited profile, or with a new
// sign-in that meets the requirement of the page.
func (s *Service) finishFlow(ctx context.Context, in ports.SignedIn, p ports.PendingSignIn, device string) error {
	if p.Flow == ports.FlowEditProfile {
		return s.updateProfile(ctx, in)
	}
	if err := s.checkStepUp(in.Identity, p); err != nil {
		return err
	}
	return s.startSession(ctx, in, p, device)
}

// startSession starts the session of a completed sign-in. If the person then has more
// than ports.MaxSessions, it ends the least recently used ones.
func (s *Service) startSession(ctx context.Context, in ports.SignedIn, p ports.PendingSignIn, device string) error {
	now := s.now()
	in.Tokens.Groups = tokenGroups(in.Tokens.Groups)
	ended, err := s.sessions.Start(ctx, ports.NewSession{
		Session: ports.Session{
			Identity: in.Identity,
			Groups:   sessionGroups(in.Tokens.Groups),
			Device:   device,
			StepUp:   stepUpOf(p),
			Started:  now,
			Seen:     now,
			Expires:  s.limits.expires(now, now),
		},
		Claims: in.Claims,
		Tokens: in.Tokens,
	}, s.revokesAfter(ports.EndedByNewSignIn))
	s.afterEnd(ctx, ports.EndedByNewSignIn, ended, in.Identity)
	if err != nil {
		return fmt.Errorf("start session: %w", err)
	}
	s.record(ctx, ports.AuditEvent{Kind: ports.AuditSignInCompleted}, in.Identity)
	// If this fails, the person's next sign-in ends the same sessions.
	tooMany, _ := s.sessions.EndLeastRecentlyUsed(ctx, in.Identity.Issuer, in.Identity.Subject, ports.MaxSessions)
	s.afterEndOf(ctx, ports.EndedByMaxSessions, tooMany)
	return nil
}

// fail records the refusal of c, with the person if the provider has verified who it
// is, and returns a *SignInFailure.
func (s *Service) fail(ctx context.Context, c *completion, cause error) (string, error) {
	c.err = &SignInFailure{ReturnTo: c.pending.ReturnTo, Cause: cause}
	s.recordFailure(ctx, ports.AuditSignInRefused, c.err, c.identity)
	return "", c.err
}

// goBack responds to a person who cancelled at the provider. It returns the page that they
// came from. After a step-up it returns the home page, because the other page would ask for
// the step-up again.
func (s *Service) goBack(ctx context.Context, c *completion, cause error) (string, error) {
	s.recordFailure(ctx, ports.AuditSignInRefused, cause, c.identity)
	c.to, c.err = s.returns.check(c.pending.ReturnTo), nil
	if c.pending.StepUp != "" {
		c.to = s.returns.home
	}
	return c.to, c.err
}

// lateCallback responds to a callback that completes no sign-in. It returns the home
// page if the browser is signed in. Otherwise it records and returns the refusal.
func (s *Service) lateCallback(ctx context.Context, refusal error) (string, error) {
	_, err := s.CurrentUser(ctx)
	if errors.Is(err, ErrNotSignedIn) {
		err = s.signedInByReference(ctx)
	}
	if err == nil {
		return s.returns.home, nil
	}
	if errors.Is(err, ErrNotSignedIn) {
		err = refusal
	}
	return "", s.RecordRefusal(ctx, err)
}

// unknownSignIn returns the error of a callback that fits no pending sign-in.
func unknownSignIn(cause error) error { return fmt.Errorf("%w: %w", ErrUnknownSignIn, cause) }

// signedInByReference returns nil if the browser's reference cookie names an
// unexpired session. form_post callbacks carry no session cookie; the browser sends
// it with the next page.
func (s *Service) signedInByReference(ctx context.Context) error {
	references, ok := s.sessions.(ports.SessionReferences)
	if !ok {
		return ErrNotSignedIn
	}
	session, err := references.ReferencedSession(ctx)
	if err != nil {
		return notSignedIn(err, "read referenced session")
	}
	if s.limits.expired(session, s.now()) {
		return ErrNotSignedIn
	}
	return nil
}

// AdminConsentURL returns the address of the provider's page where an administrator
// consents to the scopes for an organization, or "" if the provider has no such page. A
// person sends this address to the administrator. tenant is the tenant of the signed-in
// person, or empty.
func (s *Service) AdminConsentURL(scopes []string, tenant string) string {
	if p, ok := s.provider.(ports.AdminConsentLinker); ok {
		return p.AdminConsentURL(scopes, tenant)
	}
	return ""
}

// AdminConsent reports whether cb is the redirect that follows the provider's consent
// page for administrators. It has neither state nor code and signs nobody in. If the
// administrator did not consent, the error is ErrConsentRefused and wraps the
// provider's error.
func (s *Service) AdminConsent(cb Callback) (bool, error) {
	if cb.State != "" || cb.Code != "" || !strings.EqualFold(cb.AdminConsent, "True") {
		return false, nil
	}
	if cb.Error == "" {
		return true, nil
	}
	if provider, ok := s.provider.(ports.CallbackErrorReader); ok {
		return true, fmt.Errorf("%w: %w", ErrConsentRefused, provider.CallbackError(cb))
	}
	return true, ErrConsentRefused
}
