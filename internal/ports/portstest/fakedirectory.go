package portstest

import (
	"context"
	"slices"
	"time"

	"webapp/internal/ports"
)

// SessionsOf implements ports.SessionDirectory.
func (f *FakeSessions) SessionsOf(ctx context.Context, issuer, subject string) ([]ports.ListedSession, error) {
	req, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	if err := f.reach(); err != nil {
		return nil, err
	}
	var list []ports.ListedSession
	for token, s := range f.sessions {
		if belongsTo(s, issuer, subject) && !f.expired(s) {
			list = append(list, ports.ListedSession{ID: s.id, Current: token == req.token, Session: cloneSession(s.session)})
		}
	}
	slices.SortFunc(list, func(a, b ports.ListedSession) int { return b.Session.Seen.Compare(a.Session.Seen) })
	return list[:min(len(list), ports.MaxSessions)], nil
}

// EndSession implements ports.SessionDirectory.
func (f *FakeSessions) EndSession(_ context.Context, issuer, subject, id string, withTokens bool) ([]ports.EndedSessions, error) {
	return f.endWhere(withTokens, func(_ string, s *fakeSession) bool { return s.id == id && belongsTo(s, issuer, subject) })
}

// EndSessionsOf implements ports.SessionDirectory.
func (f *FakeSessions) EndSessionsOf(ctx context.Context, issuer, subject string, keepThis, withTokens bool) ([]ports.EndedSessions, error) {
	req, ok := ctx.Value(fakeRequestKey{f}).(*fakeRequest)
	if keepThis && !ok {
		return nil, ports.ErrNoBrowser
	}
	return f.endWhere(withTokens, func(token string, s *fakeSession) bool {
		return belongsTo(s, issuer, subject) && (!keepThis || token != req.token)
	})
}

// EndLeastRecentlyUsed implements ports.SessionDirectory.
func (f *FakeSessions) EndLeastRecentlyUsed(ctx context.Context, issuer, subject string, keep int) ([]ports.EndedSessions, error) {
	req, ok := ctx.Value(fakeRequestKey{f}).(*fakeRequest)
	if !ok {
		return nil, ports.ErrNoBrowser
	}
	f.mu.Lock()
	var list []*fakeSession
	for token, s := range f.sessions {
		if belongsTo(s, issuer, subject) && token != req.token {
			list = append(list, s)
		}
	}
	if this := f.sessions[req.token]; this != nil && belongsTo(this, issuer, subject) {
		keep--
	}
	now := f.clock()
	used := func(s *fakeSession) time.Time {
		if !now.Before(s.session.Expires) {
			return time.Time{}
		}
		return s.session.Seen
	}
	slices.SortFunc(list, func(a, b *fakeSession) int { return used(a).Compare(used(b)) })
	list = list[:max(0, len(list)-max(0, keep))]
	f.mu.Unlock()
	return f.endWhere(false, func(_ string, s *fakeSession) bool { return slices.Contains(list, s) })
}

// EndProviderSession implements ports.SessionDirectory.
func (f *FakeSessions) EndProviderSession(_ context.Context, issuer, subject, sid string, withTokens bool) ([]ports.EndedSessions, error) {
	return f.endWhere(withTokens, func(_ string, s *fakeSession) bool {
		id := s.session.Identity
		return sid != "" && id.ProviderSession == sid && (issuer == "" || id.Issuer == issuer) && (subject == "" || id.Subject == subject)
	})
}

// CheckUnspent implements ports.OneTimeIDs.
func (f *FakeSessions) CheckUnspent(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.unspent(id)
}

// unspent is CheckUnspent without locking; f.mu is locked.
func (f *FakeSessions) unspent(id string) error {
	if err := f.reach(); err != nil {
		return err
	}
	if f.clock().Before(f.oneTime[id]) {
		return ports.ErrSpent
	}
	return nil
}

// Spend implements ports.OneTimeIDs.
func (f *FakeSessions) Spend(_ context.Context, id string, until time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.unspent(id); err != nil {
		return err
	}
	f.oneTime[id] = until
	return nil
}

// endWhere ends the sessions that match.
func (f *FakeSessions) endWhere(withTokens bool, match func(token string, s *fakeSession) bool) ([]ports.EndedSessions, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.reach(); err != nil {
		return nil, err
	}
	var ended []ports.EndedSessions
	tokens := 0
	for token, s := range f.sessions {
		if !match(token, s) {
			continue
		}
		delete(f.sessions, token)
		refreshToken := s.lastToken(withTokens && tokens < ports.MaxEndedTokens)
		if refreshToken != "" {
			tokens++
		}
		ended = addEnded(ended, s.session.Identity, f.expired(s), refreshToken)
	}
	return ended, nil
}

// addEnded adds one session of a person to ended.
func addEnded(ended []ports.EndedSessions, id ports.Identity, expired bool, refreshToken string) []ports.EndedSessions {
	i := slices.IndexFunc(ended, func(e ports.EndedSessions) bool {
		return e.Identity.Issuer == id.Issuer && e.Identity.Subject == id.Subject
	})
	switch {
	case i >= 0:
	case len(ended) < ports.MaxEndedUsers:
		ended, i = append(ended, ports.EndedSessions{Identity: id}), len(ended)
	case len(ended) == ports.MaxEndedUsers:
		ended, i = append(ended, ports.EndedSessions{}), len(ended)
	default:
		i = len(ended) - 1
	}
	if refreshToken != "" {
		ended[i].RefreshTokens = append(ended[i].RefreshTokens, refreshToken)
	}
	if expired {
		ended[i].Expired++
	} else {
		ended[i].Live++
	}
	return ended
}

func belongsTo(s *fakeSession, issuer, subject string) bool {
	return s.session.Identity.Issuer == issuer && s.session.Identity.Subject == subject
}
