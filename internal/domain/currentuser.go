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

// touch records that a session was used, and returns it with its new times. Most
// requests write nothing; see Limits.slack.
func (s *Service) touch(ctx context.Context, session ports.Session) (ports.Session, error) {
	now := s.now()
	if !s.limits.touchDue(session, now) {
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
	return !now.Before(l.expires(s.Started, s.Seen)) || !now.Before(s.Expires)
}

// expires returns when a session ends that began and was last seen at these times. It
// adds slack to the idle limit, for later uses that touch does not record.
func (l Limits) expires(started, seen time.Time) time.Time {
	return l.atLeast(started, seen.Add(l.slack()))
}

// atLeast returns the earliest time at which a session may end that began and was used
// at these times.
func (l Limits) atLeast(started, used time.Time) time.Time {
	end, idle := started.Add(l.Lifetime), used.Add(l.Idle)
	if idle.Before(end) {
		return idle
	}
	return end
}

// slack returns how much longer than Idle a session can last after its last use, and how
// old Seen can become before it is written again: a tenth of Idle, at most ten minutes.
// Without slack every request would have to write, or sessions would end early.
func (l Limits) slack() time.Duration {
	return min(l.Idle/10, 10*time.Minute)
}

// touchDue reports whether a use of the session must be written: because Seen is old, or
// because the session would end too early. Another instance can have written Expires
// with a shorter limit.
func (l Limits) touchDue(s ports.Session, used time.Time) bool {
	return used.Sub(s.Seen) >= l.slack() || s.Expires.Before(l.atLeast(s.Started, used))
}

// EndWarnings returns how long before the idle limit and before the end of a
// session's lifetime its user is warned: two minutes, or a quarter of a limit under
// eight minutes (WCAG 2.2, success criterion 2.2.1).
func (s *Service) EndWarnings() (idle, lifetime time.Duration) {
	const usual = 2 * time.Minute
	return min(usual, s.limits.Idle/4), min(usual, s.limits.Lifetime/4)
}
