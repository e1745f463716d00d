package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"webapp/internal/ports"
)

// Current implements ports.Sessions. It reads the store at the first call of a
// request only. If no key opens the record, or another version of the program
// wrote it, Current returns ports.ErrNoSession; the cookie stays until Start or
// End.
func (m *Manager) Current(ctx context.Context) (ports.Session, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return ports.Session{}, err
	}
	defer req.mu.Unlock()
	return m.current(ctx, req)
}

// current is Current for a locked request.
func (m *Manager) current(ctx context.Context, req *browserRequest) (ports.Session, error) {
	if !req.current.loaded {
		req.dependsOnCookie()
		req.current = m.load(ctx, req)
	}
	if req.current.err != nil {
		return ports.Session{}, req.current.err
	}
	if req.current.session == nil {
		return ports.Session{}, ports.ErrNoSession
	}
	if m.expired(req.current.session) {
		return req.current.session.Session, ports.ErrSessionExpired
	}
	return req.current.session.Session, nil
}

// load reads the session from the store. It keeps a failure for the rest of the
// request, so that one request does not wait for the store twice.
func (m *Manager) load(ctx context.Context, req *browserRequest) loadedSession {
	token, ok := m.token(req)
	if !ok {
		return loadedSession{loaded: true}
	}
	req.record = sessionRecord{}
	data, err := m.scs.Load(ctx, token)
	if errors.Is(err, errUnreadable) {
		return loadedSession{loaded: true}
	}
	if err != nil {
		return loadedSession{loaded: true, err: err}
	}
	s, ok := m.scs.Get(data, sessionValue).(*keptSession)
	if !ok || !req.keys.indexable(s) {
		return loadedSession{loaded: true}
	}
	return loadedSession{loaded: true, token: token, session: s, version: req.record.version}
}

func (m *Manager) expired(s *keptSession) bool { return !m.clock().Before(s.Expires) }

// Touch implements ports.Sessions. It replaces the version of the record that this
// request has read. If another Touch of the same version was first, the store keeps
// its times.
func (m *Manager) Touch(ctx context.Context, seen, expires time.Time) error {
	req, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer req.mu.Unlock()
	if _, err := m.current(ctx, req); err != nil {
		return err
	}
	s := *req.current.session
	s.Seen, s.Expires = seen, expires
	version, err := m.replaceSession(ctx, req, &s, req.current.version)
	switch {
	case errors.Is(err, ports.ErrNoRecord):
		req.current = loadedSession{loaded: true}
		return ports.ErrNoSession
	case errors.Is(err, ports.ErrRecordChanged):
		version = req.current.version
	case err != nil:
		return err
	}
	req.current.session, req.current.version = &s, version
	return nil
}

// replaceSession writes s over this version of the session's record and returns the
// new version.
func (m *Manager) replaceSession(ctx context.Context, req *browserRequest, s *keptSession, v ports.Version) (ports.Version, error) {
	return m.records.replace(ctx, entry{
		key: req.current.key(), value: encodeSession(s), expires: s.Expires.Add(ExpiredRetention),
		indexes: indexesOf(req.keys.key(s.indexedBy), &s.Identity),
	}, v)
}

// maxUpdates is the number of attempts of UpdateTokens and UpdateMemberships. At each
// attempt, one of the concurrent callers succeeds.
const maxUpdates = 64

// UpdateMemberships implements ports.Sessions. It reads and replaces the session's
// record until no other request has changed it in between.
func (m *Manager) UpdateMemberships(ctx context.Context, roles, groups []string) error {
	req, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer req.mu.Unlock()
	if _, err := m.current(ctx, req); err != nil {
		return err
	}
	for range maxUpdates {
		err := m.updateMembershipsOnce(ctx, req, roles, groups)
		switch {
		case errors.Is(err, ports.ErrNoRecord):
			req.current = loadedSession{loaded: true}
			return ports.ErrNoSession
		case !errors.Is(err, ports.ErrRecordChanged):
			return err
		}
	}
	return fmt.Errorf("%w: session changes too often", ports.ErrStoreUnavailable)
}

func (m *Manager) updateMembershipsOnce(ctx context.Context, req *browserRequest, roles, groups []string) error {
	found, err := m.records.find(ctx, req.current.key())
	if err != nil {
		return err
	}
	s := sessionIn(found)
	if s == nil {
		return ports.ErrNoRecord
	}
	version := found.version
	known := (s.Groups == nil) == (groups == nil) && slices.Equal(s.Groups, groups)
	if !known || !slices.Equal(s.Identity.Roles, roles) {
		s.Identity.Roles, s.Groups = slices.Clone(roles), slices.Clone(groups)
		if version, err = m.replaceSession(ctx, req, s, version); err != nil {
			return err
		}
	}
	req.current.session, req.current.version = s, version
	return nil
}
