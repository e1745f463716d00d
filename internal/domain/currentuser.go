package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"webapp/internal/ports"
)

// CurrentUser returns the session of this browser's user. It returns
// ErrNotSignedIn if the browser has no session or the session has expired, and
// ErrStoreUnavailable if the store cannot say whether it has one.
func (s *Service) CurrentUser(ctx context.Context) (Session, error) {
	kept, err := s.current(ctx)
	if err != nil {
		return Session{}, err
	}
	return s.sessionOf(kept), nil
}

// Peek returns who is signed in with this browser and changes nothing: it
// neither prolongs the session nor removes one that is over. Same errors as
// CurrentUser.
func (s *Service) Peek(ctx context.Context) (Session, error) {
	kept, err := s.sessions.Current(ctx)
	if errors.Is(err, ports.ErrSessionExpired) {
		return Session{}, fmt.Errorf("%w: %w", ErrNotSignedIn, err)
	}
	if err != nil {
		return Session{}, notSignedIn(err, "read session")
	}
	if s.limits.expired(kept, s.now()) || !s.admits(kept.Identity) {
		return Session{}, ErrNotSignedIn
	}
	return s.sessionOf(kept), nil
}

func (s *Service) sessionOf(kept ports.Session) Session {
	return Session{
		User:     newUser(kept.Identity),
		Started:  kept.Started,
		Ends:     kept.Started.Add(s.limits.Lifetime),
		IdleEnds: kept.Expires,
	}
}

// current returns this browser's session if it has not expired and its user is
// still admitted. It records that the session was used.
func (s *Service) current(ctx context.Context) (ports.Session, error) {
	kept, err := s.sessions.Current(ctx)
	if errors.Is(err, ports.ErrSessionExpired) {
		return ports.Session{}, s.endUnfit(ctx, ports.EndedByLimit, "the session has expired")
	}
	if err != nil {
		return ports.Session{}, notSignedIn(err, "read session")
	}
	now := s.now()
	if s.limits.expired(kept, now) {
		return ports.Session{}, s.endUnfit(ctx, ports.EndedByLimit, "the session has expired")
	}
	if !s.admits(kept.Identity) {
		return ports.Session{}, s.endUnfit(ctx, ports.EndedByAdmission, "no longer admitted")
	}
	if now.Sub(kept.Seen) < s.limits.touchEvery() {
		return kept, nil
	}
	expires := s.limits.expires(kept.Started, now)
	switch err := s.sessions.Touch(ctx, now, expires); {
	case err == nil:
		kept.Seen, kept.Expires = now, expires
	case !errors.Is(err, ErrStoreUnavailable):
		return ports.Session{}, notSignedIn(err, "touch session")
	}
	// If the store can be read but not written, for example on a full disk, the
	// session stays valid until it expires.
	return kept, nil
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

// endUnfit ends a session that is no longer valid, and returns ErrNotSignedIn. If
// the store fails, the next request tries again; this one is refused in any case.
func (s *Service) endUnfit(ctx context.Context, by ports.AuditCause, why string) error {
	_ = s.end(ctx, by)
	return fmt.Errorf("%w: %s", ErrNotSignedIn, why)
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

// expired reports whether a session has passed the idle limit, the lifetime or its
// Expires, which can be earlier if the limits have become longer. A clock that goes
// back ends no session. A clock that is ahead on another instance prolongs none
// beyond the lifetime, which starts with the session.
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

// touchEvery returns how old Seen may become before it is written again: a minute,
// or a tenth of a shorter idle limit. Most requests write nothing.
func (l Limits) touchEvery() time.Duration {
	return min(time.Minute, l.Idle/10)
}
