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

// CompleteSignIn finishes a sign-in with the provider's answer, starts a new
// session and returns the local path to go to. device names the browser and
// system in words, for the person's list of sessions. The pending sign-in is taken,
// and thereby spent, before the provider is asked anything; it stays spent when
// the rest fails.
//
// A browser that is signed in by now and repeats an old callback is sent to "/"
// without a word and without another call to the provider. One that repeats it
// while the first is still being completed waits, and gets the same session or
// the same error.
//
// Errors: ErrBadCallback, ErrUnknownSignIn, ErrStoreUnavailable, or a
// *SignInFailure with the cause.
func (s *Service) CompleteSignIn(ctx context.Context, cb Callback, device string) (string, error) {
	if err := checkCallback(cb); err != nil {
		return "", s.RecordRefusal(ctx, err)
	}
	pending, err := s.sessions.Take(ctx, cb.State)
	if errors.Is(err, ports.ErrPendingSpent) && pending.State == cb.State {
		return s.secondCallback(ctx, cb, pending)
	}
	to, who, err := s.complete(ctx, cb, device, pending, err)
	if err != nil {
		s.recordFailure(ctx, ports.AuditSignInRefused, err, who)
	}
	return to, err
}

// checkCallback refuses what no provider's answer looks like (RFC 6749, sections
// 4.1.2 and 4.1.2.1, and appendix A.11).
func checkCallback(cb Callback) error {
	switch {
	case cb.State == "":
		return fmt.Errorf("%w: no state", ErrBadCallback)
	case cb.Code == "" && cb.Error == "":
		return fmt.Errorf("%w: neither code nor error", ErrBadCallback)
	case cb.Code != "" && cb.Error != "":
		return fmt.Errorf("%w: both code and error", ErrBadCallback)
	case strings.ContainsFunc(cb.Code, func(r rune) bool { return r < ' ' || r > '~' }):
		// A provider can fail on such a code, and its failures are not bounded as
		// refused codes are.
		return fmt.Errorf("%w: the code has characters that no code has", ErrBadCallback)
	}
	return nil
}

// complete returns where to go, and, also beside an error, whom the provider
// vouches for as far as that has been verified. pending and err are what Take
// returned.
func (s *Service) complete(ctx context.Context, cb Callback, device string, pending ports.PendingSignIn, err error) (to string, who ports.Identity, _ error) {
	switch {
	case errors.Is(err, ports.ErrNoPendingSignIn), errors.Is(err, ports.ErrPendingSpent):
		to, err = s.lateCallback(ctx, unknownSignIn(err))
		return to, who, err
	case err != nil:
		// Nothing is spent; where the person wanted to go may be known.
		return "", who, &SignInFailure{ReturnTo: s.returns.check(pending.ReturnTo), Cause: fmt.Errorf("take pending sign-in: %w", err)}
	case subtle.ConstantTimeCompare([]byte(pending.State), []byte(cb.State)) != 1:
		return "", who, ErrUnknownSignIn
	}
	// It goes on if the browser gives up: a second callback may wait for it.
	ctx = context.WithoutCancel(ctx)
	first := s.completing.begin(pending.State, cb.Code)
	err = errNotCompleted
	defer func() { s.conclude(ctx, pending, first, to, err) }()
	to, who, err = s.redeem(ctx, cb, device, pending)
	return to, who, err
}

// errNotCompleted is what a second callback gets if the first one panics.
var errNotCompleted = errors.New("sign-in not completed")

// redeem lets the provider redeem the code, and starts the session.
func (s *Service) redeem(ctx context.Context, cb Callback, device string, pending ports.PendingSignIn) (to string, who ports.Identity, err error) {
	if s.expired(pending) {
		to, err = s.lateCallback(ctx, &SignInFailure{ReturnTo: pending.ReturnTo, Cause: ErrSignInExpired})
		return to, who, err
	}
	signedIn, err := s.provider.Complete(ctx, cb, pending.Secret)
	if err != nil {
		return "", who, &SignInFailure{ReturnTo: pending.ReturnTo, Cause: err}
	}
	if !s.allowsSubject(signedIn.Identity) {
		return "", signedIn.Identity, &SignInFailure{ReturnTo: pending.ReturnTo, Cause: ErrSubjectNotAllowed}
	}
	if err := s.start(ctx, signedIn, pending, device); err != nil {
		return "", signedIn.Identity, &SignInFailure{ReturnTo: pending.ReturnTo, Cause: err}
	}
	return s.returns.check(pending.ReturnTo), signedIn.Identity, nil
}

// AdminConsent reports whether cb is the redirect that follows the provider's
// consent page for administrators. Such a redirect has neither state nor code:
// it answers no sign-in and signs nobody in. The error is ErrConsentRefused, with
// what the provider reported, if the administrator did not consent.
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

// unknownSignIn returns the error of a callback that fits no pending sign-in.
func unknownSignIn(cause error) error { return fmt.Errorf("%w: %w", ErrUnknownSignIn, cause) }

// lateCallback responds to a callback that completes no sign-in. It returns "/"
// if the browser is signed in, and otherwise refusal.
func (s *Service) lateCallback(ctx context.Context, refusal error) (string, error) {
	_, err := s.CurrentUser(ctx)
	if errors.Is(err, ErrNotSignedIn) {
		err = s.signedInByReference(ctx)
	}
	switch {
	case err == nil:
		return "/", nil
	case errors.Is(err, ErrNotSignedIn):
		return "", refusal
	default:
		return "", err
	}
}

// signedInByReference returns nil if the browser's reference cookie names a live
// session. form_post callbacks carry no session cookie. The browser sends it
// with the next page.
func (s *Service) signedInByReference(ctx context.Context) error {
	references, ok := s.sessions.(ports.SessionReferences)
	if !ok {
		return ErrNotSignedIn
	}
	kept, err := references.ReferencedSession(ctx)
	if err != nil {
		return notSignedIn(err, "read referred session")
	}
	if s.limits.expired(kept, s.now()) {
		return ErrNotSignedIn
	}
	return nil
}

// clockSkew is how far the clocks of two instances may differ: as far as a
// provider's clock may.
const clockSkew = 5 * time.Minute

// expired reports whether p began too long ago, or in the future.
func (s *Service) expired(p ports.PendingSignIn) bool {
	left := p.Expires.Sub(s.now())
	return left <= 0 || left > PendingLifetime+clockSkew
}

func (s *Service) start(ctx context.Context, in ports.SignedIn, p ports.PendingSignIn, device string) error {
	id := in.Identity
	if id.Issuer == "" || id.Subject == "" {
		return fmt.Errorf("%w: identity without issuer or subject", ErrTokenRefused)
	}
	now := s.now()
	in.Tokens.Groups = tokenGroups(in.Tokens.Groups)
	session := ports.Session{Identity: id, Device: device, StepUp: stepUpOf(p), Started: now, Seen: now, Expires: s.limits.expires(now, now)}
	ended, err := s.sessions.Start(ctx, ports.NewSession{Session: session, Claims: in.Claims, Tokens: in.Tokens})
	s.recordEnded(ctx, ports.EndedByNewSignIn, ended)
	if err != nil {
		return fmt.Errorf("start session: %w", err)
	}
	s.record(ctx, ports.AuditEvent{Kind: ports.AuditSignInCompleted}, id)
	// A failure costs nothing: the person's next sign-in ends the same sessions.
	tooMany, _ := s.sessions.EndLeastRecentlyUsed(ctx, id.Issuer, id.Subject, ports.MaxSessions)
	s.recordEndedOf(ctx, ports.EndedByMaxSessions, tooMany)
	return nil
}
