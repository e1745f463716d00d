package session

import (
	"context"
	"errors"
	"fmt"
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

// End deletes the session's record and then what belongs to it; in that order,
// because without the session nobody can read the rest or write it again. Where
// only the second step failed the error says so and another End completes it.
func (m *Manager) End(ctx context.Context) ([]ports.Session, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer req.mu.Unlock()
	keys := m.presented(req)
	ended, err := m.endPresented(ctx, req, keys)
	if err != nil {
		return ended, err
	}
	req.held = held{loaded: true}
	if err := m.records.deleteAll(ctx, belongings(keys)); err != nil {
		return ended, err
	}
	m.clearSession(req)
	return ended, nil
}

// clearSession deletes the session's cookies where the browser has any.
func (m *Manager) clearSession(req *browserRequest) {
	for _, name := range []string{m.cookies.session, m.cookies.reference} {
		if len(req.values(name)) > 0 {
			req.set(m.cookies.make(name, "", -1))
		}
	}
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

// maxEnds bounds how often one end begins again because the session was touched
// meanwhile.
const maxEnds = 64

// endPresented ends the sessions that the browser names, and deletes what is in
// the place of one and cannot be read. The locked request may hold one of them,
// which then need not be read again.
func (m *Manager) endPresented(ctx context.Context, req *browserRequest, keys []string) ([]ports.Session, error) {
	var ended []ports.Session
	for _, key := range keys {
		var s *keptSession
		var err error
		if req.held.session != nil && req.held.key() == key {
			s, err = m.endRevision(ctx, key, req.held.session, req.held.read.version)
		} else {
			s, err = m.endSession(ctx, key, nil)
		}
		if err != nil {
			return ended, err
		}
		if s != nil {
			ended = append(ended, s.Session)
		}
	}
	return ended, nil
}

// endRevision ends the session in the state that was read, or as it is now.
func (m *Manager) endRevision(ctx context.Context, key string, s *keptSession, v ports.Version) (*keptSession, error) {
	err := m.records.delete(ctx, key, v)
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, ports.ErrNoRecord):
		return nil, nil
	case errors.Is(err, ports.ErrRecordChanged):
		return m.endSession(ctx, key, nil)
	}
	return nil, err
}

// endSession deletes the record of a session, live or expired, and returns it;
// nil where there is none, or another call has ended it. It deletes exactly what
// it has read, so that of several calls one alone has ended it. With meant only
// a session is deleted that it accepts; without, whatever is there.
func (m *Manager) endSession(ctx context.Context, key string, meant func(*keptSession) bool) (*keptSession, error) {
	for range maxEnds {
		found, err := m.records.find(ctx, key)
		if errors.Is(err, ports.ErrNoRecord) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		s := m.sessionIn(found)
		if meant != nil && (s == nil || !meant(s)) {
			return nil, nil
		}
		err = m.records.delete(ctx, key, found.version)
		switch {
		case err == nil:
			return s, nil
		case errors.Is(err, ports.ErrNoRecord):
			return nil, nil
		case !errors.Is(err, ports.ErrRecordChanged):
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: session changes too often", ports.ErrStoreUnavailable)
}
