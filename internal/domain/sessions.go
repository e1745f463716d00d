package domain

import (
	"context"
	"fmt"
	"slices"
	"time"

	"webapp/internal/ports"
)

// OwnSession is one of the signed-in user's sessions.
type OwnSession struct {
	// ID is the argument for EndOwnSession. It is not a credential.
	ID string
	// Device is the browser and operating system in words, or empty.
	Device  string
	Started time.Time
	// Seen is when the session was last used. It can be too early by a tenth of the idle
	// limit, at most ten minutes.
	Seen time.Time
	// Current is true for the session of this browser.
	Current bool
}

// OwnSessions returns the user's sessions: this browser's first, then the most
// recently used. It returns the same errors as CurrentUser.
func (s *Service) OwnSessions(ctx context.Context) ([]OwnSession, error) {
	session, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	listed, err := s.sessions.SessionsOf(ctx, session.Identity.Issuer, session.Identity.Subject)
	if err != nil {
		return nil, notSignedIn(err, "list sessions")
	}
	now := s.now()
	own := make([]OwnSession, 0, len(listed))
	for _, one := range listed {
		if !s.limits.expired(one.Session, now) {
			own = append(own, OwnSession{ID: one.ID, Device: one.Session.Device,
				Started: one.Session.Started, Seen: one.Session.Seen, Current: one.Current})
		}
	}
	slices.SortStableFunc(own, func(a, b OwnSession) int {
		if a.Current != b.Current {
			if a.Current {
				return -1
			}
			return 1
		}
		return b.Seen.Compare(a.Seen)
	})
	return own, nil
}

// EndOwnSession ends one of the user's sessions, on every instance. It returns no
// error if the user has no session with this ID. Otherwise it returns the same
// errors as CurrentUser.
func (s *Service) EndOwnSession(ctx context.Context, id string) error {
	session, err := s.current(ctx)
	if err != nil {
		return err
	}
	ended, err := s.sessions.EndSession(ctx, session.Identity.Issuer, session.Identity.Subject, id, s.revokesAfter(ports.EndedElsewhere))
	s.afterEndOf(ctx, ports.EndedElsewhere, ended)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// EndOtherSessions ends all of the user's sessions except this browser's, and
// returns how many. It returns the same errors as CurrentUser.
func (s *Service) EndOtherSessions(ctx context.Context) (int, error) {
	session, err := s.current(ctx)
	if err != nil {
		return 0, err
	}
	ended, err := s.sessions.EndSessionsOf(ctx, session.Identity.Issuer, session.Identity.Subject, true, s.revokesAfter(ports.EndedElsewhere))
	n := s.afterEndOf(ctx, ports.EndedElsewhere, ended)
	if err != nil {
		return n, fmt.Errorf("end sessions: %w", err)
	}
	return n, nil
}
