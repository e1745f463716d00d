package session

import (
	"context"
	"errors"
	"time"

	"webapp/internal/ports"
)

// Current answers this browser's session. It reads the store at the first call
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
	return *ex.held.session, nil
}

// load asks the store. A failure is kept as well, so that a page that asks
// twice does not wait twice.
func (m *Manager) load(ctx context.Context, ex *exchange) held {
	token, ok := m.token(ex)
	if !ok {
		return held{loaded: true}
	}
	data, err := m.scs.Load(ctx, token)
	if errors.Is(err, errUnreadable) {
		return held{loaded: true}
	}
	if err != nil {
		return held{loaded: true, err: unavailable(err)}
	}
	s, ok := m.scs.Get(data, sessionValue).(*ports.Session)
	if !ok || !m.clock().Before(s.Expires) {
		return held{loaded: true}
	}
	return held{loaded: true, token: token, session: s, data: data}
}

// Touch changes the session's record, which fails with ports.ErrNoSession
// where the session has ended since it was loaded.
func (m *Manager) Touch(ctx context.Context, seen, expires time.Time) error {
	ex, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer ex.mu.Unlock()
	s, err := m.current(ctx, ex)
	if err != nil {
		return err
	}
	s.Seen, s.Expires = seen, expires
	data := withData(ctx, ex.held.data)
	m.scs.Put(data, sessionValue, &s)
	m.scs.SetDeadline(data, expires)
	_, _, err = m.scs.Commit(data)
	if errors.Is(err, ports.ErrNoSession) {
		ex.held = held{loaded: true}
	}
	if err == nil {
		ex.held.session = &s
	}
	return err
}

// End deletes the session's record and then its grant; in that order, because
// without the session nobody can read the grant or write it again. Where only
// the second step failed the error says so and another End completes it.
func (m *Manager) End(ctx context.Context) error {
	ex, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer ex.mu.Unlock()
	keys := m.presented(ex)
	for _, key := range keys {
		if err := m.records.DeleteCtx(ctx, key); err != nil {
			return err
		}
	}
	for _, key := range keys {
		if err := m.records.DeleteCtx(ctx, grantKey(key)); err != nil {
			return err
		}
	}
	ex.held = held{loaded: true}
	m.clearSession(ex)
	return nil
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
