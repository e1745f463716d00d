package domain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"webapp/internal/ports"
)

// CurrentUser returns who is signed in with this browser. Errors:
// ErrNotSignedIn, also where the session is over; ErrStoreUnavailable, which
// says nothing about whether somebody is signed in.
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
	if s.limits.over(kept, s.now()) || !s.admits(kept.Identity) {
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

// current returns the session if it is within its limits, and keeps its idle
// clock going as long as the store can be written to.
func (s *Service) current(ctx context.Context) (ports.Session, error) {
	kept, err := s.sessions.Current(ctx)
	if errors.Is(err, ports.ErrSessionExpired) {
		return ports.Session{}, s.endUnfit(ctx, ports.EndedByLimit, "the session is over")
	}
	if err != nil {
		return ports.Session{}, notSignedIn(err, "read session")
	}
	now := s.now()
	if s.limits.over(kept, now) {
		return ports.Session{}, s.endUnfit(ctx, ports.EndedByLimit, "the session is over")
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
	case !errors.Is(err, ports.ErrStoreUnavailable):
		return ports.Session{}, notSignedIn(err, "touch session")
	}
	// Where nothing can be written, as on a full disk, the session has been
	// read all the same, and holds as long as it says.
	return kept, nil
}

// admits reports whether this person could sign in now. A provider without
// ports.ProviderAdmission admits everybody who has signed in.
func (s *Service) admits(id ports.Identity) bool {
	provider, ok := s.provider.(ports.ProviderAdmission)
	return s.allowsSubject(id) && (!ok || provider.Admits(id))
}

// allowsSubject reports whether the person is on the list of those who may sign
// in, if there is a list.
func (s *Service) allowsSubject(id ports.Identity) bool {
	return len(s.subjects) == 0 || slices.Contains(s.subjects, id.Subject)
}

// endUnfit removes a session that holds no longer, and records it where no other
// request has done so. Where the store cannot be written that is left to the next
// request: nobody is signed in by it all the same.
func (s *Service) endUnfit(ctx context.Context, by ports.AuditCause, why string) error {
	_ = s.end(ctx, by)
	return fmt.Errorf("%w: %s", ErrNotSignedIn, why)
}

// Claims returns the claims of the ID token that the user signed in with, for
// that user to look at. Same errors as CurrentUser.
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

// Claim is one claim of an ID token as text.
type Claim = ports.Claim

// notSignedIn gives the port's "no session" the domain's name.
func notSignedIn(err error, doing string) error {
	if errors.Is(err, ports.ErrNoSession) {
		return fmt.Errorf("%w: %w", ErrNotSignedIn, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// over reports whether a session has passed either limit, or the end that it was
// given when its limits were others. A clock that went
// back does not end a session; one that runs ahead on another instance does
// not prolong it, because the absolute limit counts from the start.
func (l Limits) over(s ports.Session, now time.Time) bool {
	return !now.Before(s.Started.Add(l.Lifetime)) || !now.Before(s.Seen.Add(l.Idle)) || !now.Before(s.Expires)
}

// expires is when a session ends that was started and last seen at these times.
func (l Limits) expires(started, seen time.Time) time.Time {
	end, idle := started.Add(l.Lifetime), seen.Add(l.Idle)
	if idle.Before(end) {
		return idle
	}
	return end
}

// touchEvery is how far the idle clock may lag, so that reading a page writes
// nothing: a minute, or less where the limit itself is that short.
func (l Limits) touchEvery() time.Duration {
	return min(time.Minute, l.Idle/10)
}
