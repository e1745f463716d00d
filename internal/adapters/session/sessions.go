package session

import (
	"context"
	"errors"
	"time"

	"webapp/internal/ports"
)

// Current returns this browser's session. It reads the store at the first call
// of a request only. A record that no key opens or that another version wrote
// is no session; its cookie stays until Start or End replaces it.
func (m *Manager) Current(ctx context.Context) (ports.Session, error) {
	ex, err := m.enter(ctx)
	if err != nil {
		return ports.Session{}, err
	}
	defer ex.mu.Unlock()
	return m.current(ctx, ex)
}

// current is Current within an exchange that is locked.
func (m *Manager) current(ctx context.Context, ex *exchange) (ports.Session, error) {
	if !ex.held.loaded {
		ex.dependsOnCookie()
		ex.held = m.load(ctx, ex)
	}
	if ex.held.err != nil {
		return ports.Session{}, ex.held.err
	}
	if ex.held.session == nil {
		return ports.Session{}, ports.ErrNoSession
	}
	if m.expired(ex.held.session) {
		return ex.held.session.Session, ports.ErrSessionExpired
	}
	return ex.held.session.Session, nil
}

// load asks the store. A failure is kept as well, so that a page that asks
// twice does not wait twice.
func (m *Manager) load(ctx context.Context, ex *exchange) held {
	token, ok := m.token(ex)
	if !ok {
		return held{loaded: true}
	}
	ex.loaded = revision{}
	ex.revision = &ex.loaded
	data, err := m.scs.Load(ctx, token)
	if errors.Is(err, errUnreadable) {
		return held{loaded: true}
	}
	if err != nil {
		return held{loaded: true, err: err}
	}
	s, ok := m.scs.Get(data, sessionValue).(*keptSession)
	if !ok || !m.counts(s) {
		return held{loaded: true}
	}
	return held{loaded: true, token: token, session: s, read: ex.revision, data: data}
}

// counts reports whether a session that could be read is one: it can be found
// by its indexes to be ended.
func (m *Manager) counts(s *keptSession) bool { return m.seal.key(s.indexedBy) != nil }

func (m *Manager) expired(s *keptSession) bool { return !m.clock().Before(s.Expires) }

// lives reports whether a session that could be read is one that lasts.
func (m *Manager) lives(s *keptSession) bool { return m.counts(s) && !m.expired(s) }

// Touch replaces the state of the session's record that this request has read.
// It fails with ports.ErrNoSession where the session has ended since. Where
// another Touch was faster that one stands, as good as this one.
func (m *Manager) Touch(ctx context.Context, seen, expires time.Time) error {
	ex, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer ex.mu.Unlock()
	if _, err := m.current(ctx, ex); err != nil {
		return err
	}
	s := *ex.held.session
	s.Seen, s.Expires = seen, expires
	ex.revision = ex.held.read
	ex.revision.indexes = indexesOf(m.seal.key(s.indexedBy), &s.Identity)
	data := withData(ctx, ex.held.data)
	m.scs.Put(data, sessionValue, &s)
	m.scs.SetDeadline(data, expires.Add(Remains))
	_, _, err = m.scs.Commit(data)
	switch {
	case errors.Is(err, ports.ErrNoRecord):
		ex.held = held{loaded: true}
		return ports.ErrNoSession
	case err == nil, errors.Is(err, ports.ErrRecordChanged):
		ex.held.session = &s
		return nil
	}
	return err
}

// End deletes the session's record and then what belongs to it; in that order,
// because without the session nobody can read the rest or write it again. Where
// only the second step failed the error says so and another End completes it.
func (m *Manager) End(ctx context.Context) ([]ports.Session, error) {
	ex, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer ex.mu.Unlock()
	keys := m.presented(ex)
	ended, err := m.endPresented(ctx, ex, keys)
	if err != nil {
		return ended, err
	}
	ex.held = held{loaded: true}
	if err := m.records.deleteAll(ctx, belongings(keys)); err != nil {
		return ended, err
	}
	m.clearSession(ex)
	return ended, nil
}

// clearSession deletes the session's cookies where the browser has any.
func (m *Manager) clearSession(ex *exchange) {
	for _, name := range []string{m.cookies.session, m.cookies.reference} {
		if len(ex.values(name)) > 0 {
			ex.set(m.cookies.make(name, "", -1))
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
