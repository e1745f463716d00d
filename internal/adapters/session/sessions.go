package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"webapp/internal/ports"
)

// Current returns this browser's session. It reads the store at the first call
// of a request only. A record that no key opens or that another version wrote
// is no session; its cookie stays until Start or End replaces it.
func (m *Manager) Current(ctx context.Context) (ports.Session, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return ports.Session{}, err
	}
	defer req.mu.Unlock()
	return m.current(ctx, req)
}

// current is Current for a request that is locked.
func (m *Manager) current(ctx context.Context, req *browserRequest) (ports.Session, error) {
	if !req.held.loaded {
		req.dependsOnCookie()
		req.held = m.load(ctx, req)
	}
	if req.held.err != nil {
		return ports.Session{}, req.held.err
	}
	if req.held.session == nil {
		return ports.Session{}, ports.ErrNoSession
	}
	if m.expired(req.held.session) {
		return req.held.session.Session, ports.ErrSessionExpired
	}
	return req.held.session.Session, nil
}

// load asks the store. A failure is kept as well, so that a page that asks
// twice does not wait twice.
func (m *Manager) load(ctx context.Context, req *browserRequest) held {
	token, ok := m.token(req)
	if !ok {
		return held{loaded: true}
	}
	req.loaded = revision{}
	req.revision = &req.loaded
	data, err := m.scs.Load(ctx, token)
	if errors.Is(err, errUnreadable) {
		return held{loaded: true}
	}
	if err != nil {
		return held{loaded: true, err: err}
	}
	s, ok := m.scs.Get(data, sessionValue).(*keptSession)
	if !ok || !m.indexable(s) {
		return held{loaded: true}
	}
	return held{loaded: true, token: token, session: s, read: req.revision, data: data}
}

// indexable reports whether a session that could be read is one: it can be found
// by its indexes to be ended.
func (m *Manager) indexable(s *keptSession) bool { return m.seal.key(s.indexedBy) != nil }

func (m *Manager) expired(s *keptSession) bool { return !m.clock().Before(s.Expires) }

// live reports whether a session that could be read is one that lasts.
func (m *Manager) live(s *keptSession) bool { return m.indexable(s) && !m.expired(s) }

// Touch replaces the state of the session's record that this request has read.
// It fails with ports.ErrNoSession where the session has ended since. Where
// another Touch was faster that one stands, as good as this one.
func (m *Manager) Touch(ctx context.Context, seen, expires time.Time) error {
	req, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer req.mu.Unlock()
	if _, err := m.current(ctx, req); err != nil {
		return err
	}
	s := *req.held.session
	s.Seen, s.Expires = seen, expires
	req.revision = req.held.read
	req.revision.indexes = indexesOf(m.seal.key(s.indexedBy), &s.Identity)
	data := withData(ctx, req.held.data)
	m.scs.Put(data, sessionValue, &s)
	m.scs.SetDeadline(data, expires.Add(ExpiredRetention))
	_, _, err = m.scs.Commit(data)
	switch {
	case errors.Is(err, ports.ErrNoRecord):
		req.held = held{loaded: true}
		return ports.ErrNoSession
	case err == nil, errors.Is(err, ports.ErrRecordChanged):
		req.held.session = &s
		return nil
	}
	return err
}

// maxUpdates bounds how often UpdateTokens and UpdateRoles begin again. At each
// attempt one of the callers that contend succeeds.
const maxUpdates = 64

// UpdateRoles compares and swaps the session's record until it succeeds, each
// time with the session as it then is: another request may have touched it
// since this one loaded it. The indexes stay those that it was created with.
func (m *Manager) UpdateRoles(ctx context.Context, roles []string) error {
	req, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer req.mu.Unlock()
	if _, err := m.current(ctx, req); err != nil {
		return err
	}
	for range maxUpdates {
		err := m.updateRolesOnce(ctx, req, roles)
		switch {
		case errors.Is(err, ports.ErrNoRecord):
			req.held = held{loaded: true}
			return ports.ErrNoSession
		case !errors.Is(err, ports.ErrRecordChanged):
			return err
		}
	}
	return fmt.Errorf("%w: session changes too often", ports.ErrStoreUnavailable)
}

func (m *Manager) updateRolesOnce(ctx context.Context, req *browserRequest, roles []string) error {
	found, err := m.records.find(ctx, req.held.key())
	if err != nil {
		return err
	}
	s := m.sessionIn(found)
	if s == nil {
		return ports.ErrNoRecord
	}
	version := found.version
	if !slices.Equal(s.Identity.Roles, roles) {
		s.Identity.Roles = slices.Clone(roles)
		version, err = m.records.replace(ctx, entry{
			key: req.held.key(), value: encodeSession(s), expires: s.Expires.Add(ExpiredRetention),
			indexes: indexesOf(m.seal.key(s.indexedBy), &s.Identity),
		}, version)
		if err != nil {
			return err
		}
	}
	req.held.session, req.held.read.version = s, version
	return nil
}

// scoped is a call's context with the session data of scs, which belong to the
// request and outlive the call that loaded them.
type scoped struct {
	context.Context
	data context.Context
}

func withData(ctx, data context.Context) context.Context { return scoped{ctx, data} }

func (c scoped) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.data.Value(key)
}

