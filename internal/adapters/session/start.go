package session

import (
	"context"
	"time"

	"webapp/internal/ports"
)

// undoTimeout bounds the clean-up after a Start that failed.
const undoTimeout = time.Second

// Start begins a session under a token that is always new: what the browser
// sent is used to end its former session and never adopted. The order keeps
// every failure harmless: the claims and the grant, then the session, then the
// end of the former one, and the cookie last. Whatever fails, the browser still
// has what it had, and the records written so far are taken back or run out
// unseen.
func (m *Manager) Start(ctx context.Context, n ports.NewSession) ([]ports.Session, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer req.mu.Unlock()
	former := m.presented(req)
	begun, err := m.create(ctx, req, n)
	if err != nil {
		return nil, err
	}
	ended, err := m.endPresented(ctx, req, former)
	if err != nil {
		m.undo(ctx, begun.key())
		return ended, err
	}
	// The former session is over already, and nobody else reads the rest.
	_ = m.records.deleteAll(ctx, belongings(former))
	req.held = begun
	m.setSession(req, begun.token, begun.key())
	return ended, nil
}

// create writes the records of a new session.
func (m *Manager) create(ctx context.Context, req *browserRequest, n ports.NewSession) (held, error) {
	by := m.seal.first()
	s := &keptSession{Session: n.Session, indexedBy: by.id}
	s.Device = clip(s.Device, maxDevice)
	req.revision = &revision{indexes: indexesOf(by, &s.Identity)}
	data, err := m.scs.Load(ctx, "")
	if err != nil {
		return held{}, err
	}
	if err := m.scs.RenewToken(data); err != nil {
		return held{}, err
	}
	begun := held{loaded: true, token: m.scs.Token(data), session: s, read: req.revision, data: data}
	m.scs.Put(data, sessionValue, s)
	m.scs.SetDeadline(data, s.Expires.Add(ExpiredRetention))
	err = m.createBelongings(ctx, begun.key(), n)
	if err == nil {
		_, _, err = m.scs.Commit(data)
	}
	if err != nil {
		m.undo(ctx, begun.key())
		return held{}, err
	}
	return begun, nil
}

// createBelongings writes what a session begins with besides its record.
func (m *Manager) createBelongings(ctx context.Context, key string, n ports.NewSession) error {
	expires := m.belongingsExpire(&n.Session)
	add := func(key string, v any) error {
		value, err := encodeJSON(v)
		if err == nil {
			_, err = m.records.create(ctx, entry{key: key, value: value, expires: expires})
		}
		return err
	}
	if len(n.Claims) > 0 {
		if err := add(claimsKey(key), n.Claims); err != nil {
			return err
		}
	}
	if isEmpty(&n.Tokens) {
		return nil
	}
	return add(grantKey(key), n.Tokens)
}

// belongingsExpire is when the store may forget the claims and the grant. It
// cannot follow each Touch, which would mean reading and writing kilobytes to
// move a time, so it is the latest end that the session can have.
func (m *Manager) belongingsExpire(s *ports.Session) time.Time {
	latest := s.Started.Add(m.lifetime)
	if latest.Before(s.Expires) {
		return s.Expires
	}
	return latest
}

// undo removes the records of a session that did not come about. Nobody knows
// its token, so a failure leaves nothing but records that run out.
func (m *Manager) undo(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	_ = m.records.delete(ctx, key, ports.AnyVersion)
	_ = m.records.deleteAll(ctx, belongings([]string{key}))
}
