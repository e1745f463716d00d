package session

import (
	"context"
	"errors"
	"time"

	"webapp/internal/ports"
)

// grantKey is the key of the grant that belongs to a session's record.
func grantKey(key string) string { return key + ".grant" }

// grantExpires is when the store may forget the grant. It cannot follow each
// Touch, which would mean reading and writing kilobytes to move a time, so it
// is the latest end that the session can have.
func (m *Manager) grantExpires(s *ports.Session) time.Time {
	latest := s.Started.Add(m.lifetime)
	if latest.Before(s.Expires) {
		return s.Expires
	}
	return latest
}

// Grant answers the current session's grant. It is empty where the session has
// none, or where the store has lost it: the person is still signed in then, and
// API calls ask for a new sign-in.
func (m *Manager) Grant(ctx context.Context) (ports.Grant, error) {
	ex, err := m.enter(ctx)
	if err != nil {
		return ports.Grant{}, err
	}
	defer ex.mu.Unlock()
	if _, err := m.current(ctx, ex); err != nil {
		return ports.Grant{}, err
	}
	data, found, err := m.records.FindCtx(ctx, grantKey(ex.held.key()))
	if err != nil || !found {
		return ports.Grant{}, err
	}
	g, err := decodeGrant(data)
	if err != nil {
		return ports.Grant{}, nil
	}
	return g, nil
}

// SaveGrant replaces the current session's grant, or adds it where there was
// none. The session is asked for anew each time: it may have ended since this
// request loaded it.
func (m *Manager) SaveGrant(ctx context.Context, g ports.Grant) error {
	ex, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer ex.mu.Unlock()
	s, err := m.current(ctx, ex)
	if err != nil {
		return err
	}
	key := ex.held.key()
	if err := m.alive(ctx, key); err != nil {
		return err
	}
	expires := m.grantExpires(&s)
	err = m.records.replace(ctx, grantKey(key), encodeGrant(&g), expires)
	if errors.Is(err, ports.ErrNoSession) {
		return m.addGrant(ctx, key, g, expires)
	}
	return err
}

// addGrant adds the grant of a session that has none. An End that comes in
// between has looked for a grant in vain, so the session is asked for once
// more: End deletes it first.
func (m *Manager) addGrant(ctx context.Context, key string, g ports.Grant, expires time.Time) error {
	err := m.records.create(ctx, grantKey(key), encodeGrant(&g), expires)
	if errors.Is(err, ports.ErrRecordExists) {
		return m.records.replace(ctx, grantKey(key), encodeGrant(&g), expires)
	}
	if err != nil {
		return err
	}
	err = m.alive(ctx, key)
	if errors.Is(err, ports.ErrNoSession) {
		_ = m.records.DeleteCtx(ctx, grantKey(key))
	}
	return err
}

// alive answers nil while the store has the session's record.
func (m *Manager) alive(ctx context.Context, key string) error {
	_, err := m.records.store.Find(ctx, key)
	if errors.Is(err, ports.ErrNoRecord) {
		return ports.ErrNoSession
	}
	return unavailable(err)
}
