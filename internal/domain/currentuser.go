package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"webapp/internal/ports"
)

// CurrentUser returns the session of this browser's user. It returns ErrNotSignedIn
// if the browser has no session or the session has expired, and ErrStoreUnavailable
// if the session store does not respond.
func (s *Service) CurrentUser(ctx context.Context) (Session, error) {
	session, err := s.current(ctx)
	if err != nil {
		return Session{}, err
	}
	return s.newSession(session), nil
}

// Peek is CurrentUser without side effects: it does not record that the session was
// used, and does not end a session that is no longer valid.
func (s *Service) Peek(ctx context.Context) (Session, error) {
	session, _, err := s.valid(ctx)
	if err != nil {
		return Session{}, err
	}
	return s.newSession(session), nil
}

func (s *Service) newSession(session ports.Session) Session {
	return Session{
		User:         newUser(session.Identity),
		Started:      session.Started,
		Ends:         session.Started.Add(s.limits.Lifetime),
		IdleEnds:     session.Expires,
		AuthTime:     session.Identity.AuthTime,
		AuthContexts: session.Identity.AuthContexts,
	}
}

// current returns this browser's session and records that it was used. If the session
// is no longer valid, current ends it.
func (s *Service) current(ctx context.Context) (ports.Session, error) {
	session, cause, err := s.valid(ctx)
	if err == nil {
		return s.touch(ctx, session)
	}
	if cause != "" {
		// If the store fails, the next request tries again to end the session.
		_ = s.end(ctx, cause)
	}
	return ports.Session{}, err
}

// valid returns this browser's session. If the session is no longer valid, valid
// returns ErrNotSignedIn and the cause, and changes nothing.
func (s *Service) valid(ctx context.Context) (ports.Session, ports.AuditCause, error) {
	session, err := s.sessions.Current(ctx)
	if err != nil && !errors.Is(err, ports.ErrSessionExpired) {
		return ports.Session{}, "", notSignedIn(err, "read session")
	}
	cause := s.invalid(session)
	if err != nil {
		cause = ports.EndedByLimit
	}
	if cause != "" {
		return ports.Session{}, cause, fmt.Errorf("%w: session ended: %s", ErrNotSignedIn, cause)
	}
	return session, "", nil
}

// touch records that a session was used, and returns it with its new times. It writes
// no more often than touchEvery.
func (s *Service) touch(ctx context.Context, session ports.Session) (ports.Session, error) {
	now := s.now()
	if now.Sub(session.Seen) < s.limits.touchEvery() {
		return session, nil
	}
	expires := s.limits.expires(session.Started, now)
	switch err := s.sessions.Touch(ctx, now, expires); {
	case err == nil:
		session.Seen, session.Expires = now, expires
	case !errors.Is(err, ErrStoreUnavailable):
		return ports.Session{}, notSignedIn(err, "touch session")
	}
	// If the store can be read but not written, for example on a full disk, the
	// session stays valid until it expires.
	return session, nil
}

// invalid returns why a session is no longer valid, or "" if it is valid.
func (s *Service) invalid(session ports.Session) ports.AuditCause {
	switch {
	case s.limits.expired(session, s.now()):
		return ports.EndedByLimit
	case !s.admits(session.Identity):
		return ports.EndedByAdmission
	}
	return ""
}

// admits reports whether this person could sign in now. A provider without
// ports.ProviderAdmission admits everybody who has signed in.
func (s *Service) admits(id ports.Identity) bool {
	provider, ok := s.provider.(ports.ProviderAdmission)
	return s.allowsSubject(id) && (!ok || provider.Admits(id))
}

// allowsSubject reports whether Config.AllowedSubjects is empty or contains the
// person's subject.
func (s *Service) allowsSubject(id ports.Identity) bool {
	return len(s.subjects) == 0 || slices.Contains(s.subjects, id.Subject)
}

// Claims returns the claims of the user's ID token, to be shown to that user. It
// returns the same errors as CurrentUser.
func (s *Service) Claims(ctx context.Context) ([]Claim, error) {
	if _, err := s.current(ctx); err != nil {
		return nil, err
	}
	claims, err := s.sessions.Claims(ctx)
	if err != nil {
		return nil, notSignedIn(err, "read claims")
	}
	return claims, nil
}

// notSignedIn turns ports.ErrNoSession into ErrNotSignedIn. It adds doing to any
// other error.
func notSignedIn(err error, doing string) error {
	if errors.Is(err, ports.ErrNoSession) {
		return fmt.Errorf("%w: %w", ErrNotSignedIn, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// expired reports whether the idle limit, the lifetime or the session's own Expires has
// passed. Expires is the earliest of them if the limits were shorter when it was set. An
// instance whose clock is ahead cannot prolong a session beyond its lifetime, because
// the lifetime starts with the session.
func (l Limits) expired(s ports.Session, now time.Time) bool {
	return !now.Before(s.Started.Add(l.Lifetime)) || !now.Before(s.Seen.Add(l.Idle)) || !now.Before(s.Expires)
}

// expires returns when a session ends that began and was last used at these times.
func (l Limits) expires(started, seen time.Time) time.Time {
	end, idle := started.Add(l.Lifetime), seen.Add(l.Idle)
	if idle.Before(end) {
		return idle
	}
	return end
}

// EndWarnings returns how long before the idle limit and before the end of a
// session's lifetime its user is warned: two minutes, or a quarter of a limit under
// eight minutes (WCAG 2.2, success criterion 2.2.1).
func (s *Service) EndWarnings() (idle, lifetime time.Duration) {
	const usual = 2 * time.Minute
	return min(usual, s.limits.Idle/4), min(usual, s.limits.Lifetime/4)
}

// touchEvery returns how old Seen may become before it is written again: a minute,
// or a tenth of a shorter idle limit. Most requests write nothing.
func (l Limits) touchEvery() time.Duration {
	return min(time.Minute, l.Idle/10)
}
