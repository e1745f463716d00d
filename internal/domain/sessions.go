package domain

import (
	"context"
	"fmt"
	"slices"
	"time"

	"webapp/internal/ports"
)

// OwnSession is one place where the user is signed in.
type OwnSession struct {
	// ID names the session for EndOwnSession. It is no credential.
	ID string
	// Device names the browser and system in words; may be empty.
	Device  string
	Started time.Time
	// Seen is when the session was last used, to the minute.
	Seen time.Time
	// Current says that it is the session of this browser.
	Current bool
}

// OwnSessions lists where the user is signed in, this browser first, then the
// last used. Same errors as CurrentUser.
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
		if !s.limits.over(one.Session, now) {
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

// EndOwnSession ends one of the user's sessions, on every instance. An ID that
// is not the user's ends nothing and is no error. Same errors as CurrentUser.
func (s *Service) EndOwnSession(ctx context.Context, id string) error {
	session, err := s.current(ctx)
	if err != nil {
		return err
	}
	ended, err := s.sessions.EndSession(ctx, session.Identity.Issuer, session.Identity.Subject, id)
	s.recordEndedOf(ctx, ports.EndedElsewhere, ended)
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// EndOtherSessions ends all of the user's sessions but this browser's and
// returns how many. Same errors as CurrentUser.
func (s *Service) EndOtherSessions(ctx context.Context) (int, error) {
	session, err := s.current(ctx)
	if err != nil {
		return 0, err
	}
	ended, err := s.sessions.EndSessionsOf(ctx, session.Identity.Issuer, session.Identity.Subject, true)
	n := s.recordEndedOf(ctx, ports.EndedElsewhere, ended)
	if err != nil {
		return n, fmt.Errorf("end sessions: %w", err)
	}
	return n, nil
}
