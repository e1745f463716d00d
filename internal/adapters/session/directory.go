package session

import (
	"context"
	"errors"
	"slices"

	"webapp/internal/ports"
)

// maxListed bounds a person's list of sessions.
const maxListed = 100

// SessionsOf reads the sessions under the person's indexes, the one seen last
// first. What cannot be read, or has run out, is not listed.
func (m *Manager) SessionsOf(ctx context.Context, issuer, subject string) ([]ports.ListedSession, error) {
	ex, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer ex.mu.Unlock()
	this, _ := m.presentedKey(ex)
	var list []ports.ListedSession
	for i := range m.seal.keys {
		keys, err := m.records.keys(ctx, userIndex(&m.seal.keys[i], issuer, subject))
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			s, err := m.readSession(ctx, key)
			if err != nil {
				return nil, err
			}
			if s != nil && isOf(s, issuer, subject) {
				list = append(list, ports.ListedSession{ID: listedID(key), This: key == this, Session: s.Session})
			}
		}
	}
	slices.SortFunc(list, func(a, b ports.ListedSession) int { return b.Session.Seen.Compare(a.Session.Seen) })
	return list[:min(len(list), maxListed)], nil
}

// presentedKey returns the record key of the session that the browser names,
// which may have ended.
func (m *Manager) presentedKey(ex *exchange) (string, bool) {
	token, ok := m.token(ex)
	if !ok {
		return "", false
	}
	return sessionKey(token), true
}

// readSession returns the live session under key, or nil where there is none.
func (m *Manager) readSession(ctx context.Context, key string) (*keptSession, error) {
	found, err := m.records.find(ctx, key)
	if errors.Is(err, ports.ErrNoRecord) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if s := m.sessionIn(found); s != nil && m.lives(s) {
		return s, nil
	}
	return nil, nil
}

// sessionIn returns the session that a record holds, live or expired, or nil
// where it holds none that counts.
func (m *Manager) sessionIn(found opened) *keptSession {
	if !found.readable {
		return nil
	}
	s, err := decodeSession(found.value)
	if err != nil || !m.counts(s) {
		return nil
	}
	return s
}

func isOf(s *keptSession, issuer, subject string) bool {
	return s.Identity.Issuer == issuer && s.Identity.Subject == subject
}
