package session

import (
	"context"
	"time"

	"webapp/internal/ports"
)

// undoTimeout limits the clean-up after a failed Start.
const undoTimeout = time.Second

// Start implements ports.Sessions. The session token is always new. If the browser
// sent a token, its session ends.
//
// Start writes the claims and tokens, then the session, ends the former session,
// and sets the cookie last. If a step fails, the browser keeps the cookie that it
// had. The records written so far are deleted, or expire without a reader.
func (m *Manager) Start(ctx context.Context, n ports.NewSession, withTokens bool) ([]ports.EndedSession, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer req.mu.Unlock()
	former := m.namedKeys(req)
	begun, err := m.create(ctx, req, n)
	if err != nil {
		return nil, err
	}
	ended, err := m.endNamed(ctx, req, former, withTokens)
	if err != nil {
		m.undo(ctx, begun.key())
		return ended, err
	}
	// A failure is harmless: without the former session, no request reads these
	// records.
	_ = m.records.deleteAll(ctx, relatedKeys(former))
	req.current = begun
	m.setSession(req, begun.token, begun.key())
	return ended, nil
}

// create writes the records of a new session.
func (m *Manager) create(ctx context.Context, req *browserRequest, n ports.NewSession) (loadedSession, error) {
	by := req.keys.first()
	s := &keptSession{Session: n.Session, indexedBy: by.id}
	s.Device = clip(s.Device, maxDevice)
	req.record = sessionRecord{indexes: indexesOf(by, &s.Identity)}
	data, err := m.scs.Load(ctx, "")
	if err != nil {
		return loadedSession{}, err
	}
	if err := m.scs.RenewToken(data); err != nil {
		return loadedSession{}, err
	}
	begun := loadedSession{loaded: true, token: m.scs.Token(data), session: s}
	m.scs.Put(data, sessionValue, s)
	m.scs.SetDeadline(data, s.Expires.Add(ExpiredRetention))
	err = m.createRelated(ctx, begun.key(), n)
	if err == nil {
		_, _, err = m.scs.Commit(data)
	}
	if err != nil {
		m.undo(ctx, begun.key())
		return loadedSession{}, err
	}
	begun.version = req.record.version
	return begun, nil
}

// createRelated writes the claims and tokens of a new session.
func (m *Manager) createRelated(ctx context.Context, key string, n ports.NewSession) error {
	expires := m.relatedExpire(&n.Session)
	add := func(key string, value []byte, err error) error {
		if err == nil {
			_, err = m.records.create(ctx, entry{key: key, value: value, expires: expires})
		}
		return err
	}
	if len(n.Claims) > 0 {
		if err := add(claimsKey(key), encodeClaims(n.Claims), nil); err != nil {
			return err
		}
	}
	if isEmpty(&n.Tokens) {
		return nil
	}
	expires = m.tokensExpire(&n.Session)
	value, err := encodeTokens(n.Tokens)
	return add(tokensKey(key), value, err)
}

// tokensExpire returns when the store may delete the tokens.
func (m *Manager) tokensExpire(s *ports.Session) time.Time {
	if m.keeps() {
		return m.relatedExpire(s).Add(ExpiredRetention)
	}
	return m.relatedExpire(s)
}

// relatedExpire returns when the store may delete the claims: at the latest time at which
// the session can end. A later Touch does not change it, because it would have to write
// kilobytes again.
func (m *Manager) relatedExpire(s *ports.Session) time.Time {
	latest := s.Started.Add(m.lifetime)
	if latest.Before(s.Expires) {
		return s.Expires
	}
	return latest
}

// undo deletes the records of a session that did not begin. If that fails, the
// records expire, and nobody can use them without the token.
func (m *Manager) undo(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	_ = m.records.delete(ctx, key, ports.AnyVersion)
	_ = m.records.deleteAll(ctx, relatedKeys([]string{key}))
}
