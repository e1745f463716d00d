package session

import (
	"context"
	"errors"
	"slices"

	"webapp/internal/ports"
)

// SessionsOf implements ports.SessionDirectory. The session that was used last
// comes first.
func (m *Manager) SessionsOf(ctx context.Context, issuer, subject string) ([]ports.ListedSession, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer req.mu.Unlock()
	this := m.namedKey(req)
	var list []ports.ListedSession
	for _, index := range m.userIndexes(ctx, issuer, subject) {
		keys, err := m.records.keys(ctx, index)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			s, err := m.readSession(ctx, key)
			if err != nil {
				return nil, err
			}
			if s != nil && isOf(s, issuer, subject) {
				list = append(list, ports.ListedSession{ID: listedID(key), Current: key == this, Session: s.Session})
			}
		}
	}
	slices.SortFunc(list, func(a, b ports.ListedSession) int { return b.Session.Seen.Compare(a.Session.Seen) })
	return list[:min(len(list), ports.MaxSessions)], nil
}

// namedKey returns the record key for the session cookie, or "" without one. The
// session may have ended.
func (m *Manager) namedKey(req *browserRequest) string {
	token, ok := m.token(req)
	if !ok {
		return ""
	}
	return sessionKey(token)
}

// readSession returns the live session with this record key, or nil.
func (m *Manager) readSession(ctx context.Context, key string) (*keptSession, error) {
	found, err := m.records.find(ctx, key)
	if errors.Is(err, ports.ErrNoRecord) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if s := sessionIn(found); s != nil && !m.expired(s) {
		return s, nil
	}
	return nil, nil
}

// sessionIn returns the session in a record, live or expired. It returns nil if
// the record cannot be read, or its session cannot be found by its indexes.
func sessionIn(found foundRecord) *keptSession {
	if !found.readable {
		return nil
	}
	s, err := decodeSession(found.value)
	if err != nil || !found.keys.indexable(s) {
		return nil
	}
	return s
}

func isOf(s *keptSession, issuer, subject string) bool {
	return s.Identity.Issuer == issuer && s.Identity.Subject == subject
}

func (m *Manager) userIndexes(ctx context.Context, issuer, subject string) []string {
	return m.keysOf(ctx).indexes(func(key *sealingKey) string { return userIndex(key, issuer, subject) })
}
