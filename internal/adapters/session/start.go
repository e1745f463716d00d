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
// every failure harmless: the grant, then the session, then the end of the
// former one, and the cookie last. Whatever fails, the browser still has what
// it had, and the records written so far are taken back or run out unseen.
func (m *Manager) Start(ctx context.Context, s ports.Session, g ports.Grant) error {
	ex, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer ex.mu.Unlock()
	former := m.presented(ex)
	begun, err := m.create(ctx, s, g)
	if err != nil {
		return err
	}
	for _, key := range former {
		if err := m.records.DeleteCtx(ctx, key); err != nil {
			m.undo(ctx, begun.key())
			return err
		}
	}
	for _, key := range former {
		// The former session is over already, and nobody else reads a grant.
		_ = m.records.DeleteCtx(ctx, grantKey(key))
	}
	ex.held = begun
	ex.set(m.cookies.make(m.cookies.session, begun.token, 0))
	if m.cookies.crossSite {
		ex.set(m.cookies.make(m.cookies.reference, begun.key(), 0))
	}
	return nil
}

// create writes the records of a new session.
func (m *Manager) create(ctx context.Context, s ports.Session, g ports.Grant) (held, error) {
	data, err := m.scs.Load(ctx, "")
	if err != nil {
		return held{}, err
	}
	if err := m.scs.RenewToken(data); err != nil {
		return held{}, err
	}
	token := m.scs.Token(data)
	key := sessionKey(token)
	m.scs.Put(data, sessionValue, &s)
	m.scs.SetDeadline(data, s.Expires)
	if !isEmpty(&g) {
		if err := m.records.create(ctx, grantKey(key), encodeGrant(&g), m.grantExpires(&s)); err != nil {
			return held{}, err
		}
	}
	if _, _, err := m.scs.Commit(creating(data)); err != nil {
		m.undo(ctx, key)
		return held{}, err
	}
	return held{loaded: true, token: token, session: &s, data: data}, nil
}

// undo removes the records of a session that did not come about. Nobody knows
// its token, so a failure leaves nothing but a record that runs out.
func (m *Manager) undo(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	_ = m.records.DeleteCtx(ctx, key)
	_ = m.records.DeleteCtx(ctx, grantKey(key))
}
