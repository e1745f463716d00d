package session

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"webapp/internal/ports"
)

// SessionsOf reads the sessions under the person's indexes, the one seen last
// first. What cannot be read, or has run out, is not listed.
func (m *Manager) SessionsOf(ctx context.Context, issuer, subject string) ([]ports.ListedSession, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer req.mu.Unlock()
	this, _ := m.presentedKey(req)
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
				list = append(list, ports.ListedSession{ID: listedID(key), Current: key == this, Session: s.Session})
			}
		}
	}
	slices.SortFunc(list, func(a, b ports.ListedSession) int { return b.Session.Seen.Compare(a.Session.Seen) })
	return list[:min(len(list), ports.MaxSessions)], nil
}

// presentedKey returns the record key of the session that the browser names,
// which may have ended.
func (m *Manager) presentedKey(req *browserRequest) (string, bool) {
	token, ok := m.token(req)
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
	if s := m.sessionIn(found); s != nil && m.live(s) {
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
	if err != nil || !m.indexable(s) {
		return nil
	}
	return s
}

func isOf(s *keptSession, issuer, subject string) bool {
	return s.Identity.Issuer == issuer && s.Identity.Subject == subject
}

// selection says which of the sessions under an index are meant: first by key,
// which costs nothing, then by content, which is read.
type selection struct {
	key     func(string) bool
	session func(*keptSession) bool
}

// maxRounds bounds how many full answers of an index one call works through.
const maxRounds = 1000

// EndSession looks for id among the person's sessions, so that it ends nobody
// else's.
func (m *Manager) EndSession(ctx context.Context, issuer, subject, id string) ([]ports.EndedSessions, error) {
	return m.endWhere(ctx, m.userIndexes(issuer, subject), selection{
		key:     func(key string) bool { return listedID(key) == id },
		session: func(s *keptSession) bool { return isOf(s, issuer, subject) },
	})
}

// EndSessionsOf ends the sessions under the person's indexes.
func (m *Manager) EndSessionsOf(ctx context.Context, issuer, subject string, keepThis bool) ([]ports.EndedSessions, error) {
	kept := ""
	if keepThis {
		req, err := m.enter(ctx)
		if err != nil {
			return nil, err
		}
		kept, _ = m.presentedKey(req)
		req.mu.Unlock()
	}
	return m.endWhere(ctx, m.userIndexes(issuer, subject), selection{
		key:     func(key string) bool { return key != kept },
		session: func(s *keptSession) bool { return isOf(s, issuer, subject) },
	})
}

// EndLeastRecentlyUsed reads the person's sessions only where an index names more than
// keep, which it seldom does.
func (m *Manager) EndLeastRecentlyUsed(ctx context.Context, issuer, subject string, keep int) ([]ports.EndedSessions, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	this, _ := m.presentedKey(req)
	req.mu.Unlock()
	var ended tally
	for range maxRounds {
		excess, err := m.leastUsed(ctx, issuer, subject, this, keep)
		if err != nil || len(excess) == 0 {
			return ended, err
		}
		removed := 0
		for _, one := range excess {
			n, err := m.endKeys(ctx, []string{one.key}, selection{
				key:     func(string) bool { return true },
				session: func(s *keptSession) bool { return isOf(s, issuer, subject) && !s.Seen.After(one.session.Seen) },
			}, &ended)
			if err != nil {
				return ended, err
			}
			removed += n
		}
		if removed == 0 {
			return ended, nil
		}
	}
	return ended, nil
}

// keyedSession is a session with its record's key.
type keyedSession struct {
	key     string
	session *keptSession
}

// leastUsed returns those of the person's sessions that are too many beside
// this one, whose key is this.
func (m *Manager) leastUsed(ctx context.Context, issuer, subject, this string, keep int) ([]keyedSession, error) {
	var keys []string
	for _, index := range m.userIndexes(issuer, subject) {
		more, err := m.records.keys(ctx, index)
		if err != nil {
			return nil, err
		}
		keys = append(keys, more...)
	}
	if len(keys) <= keep {
		return nil, nil
	}
	var list []keyedSession
	for _, key := range keys {
		if key == this {
			keep--
			continue
		}
		found, err := m.records.find(ctx, key)
		if errors.Is(err, ports.ErrNoRecord) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if s := m.sessionIn(found); s != nil && isOf(s, issuer, subject) {
			list = append(list, keyedSession{key, s})
		}
	}
	slices.SortFunc(list, func(a, b keyedSession) int {
		if expired := m.expired(a.session); expired != m.expired(b.session) {
			if expired {
				return -1
			}
			return 1
		}
		// Instances that do this at once choose the same ones.
		return cmp.Or(a.session.Seen.Compare(b.session.Seen), cmp.Compare(a.key, b.key))
	})
	return list[:max(0, len(list)-max(0, keep))], nil
}

// EndProviderSession ends the sessions under the indexes of sid.
func (m *Manager) EndProviderSession(ctx context.Context, issuer, subject, sid string) ([]ports.EndedSessions, error) {
	if sid == "" {
		return nil, nil
	}
	var indexes []string
	for i := range m.seal.keys {
		indexes = append(indexes, providerIndex(&m.seal.keys[i], sid))
	}
	return m.endWhere(ctx, indexes, selection{
		key: func(string) bool { return true },
		session: func(s *keptSession) bool {
			id := &s.Identity
			return id.ProviderSession == sid && (issuer == "" || id.Issuer == issuer) && (subject == "" || id.Subject == subject)
		},
	})
}

func (m *Manager) userIndexes(issuer, subject string) []string {
	var indexes []string
	for i := range m.seal.keys {
		indexes = append(indexes, userIndex(&m.seal.keys[i], issuer, subject))
	}
	return indexes
}

// endWhere ends the sessions under indexes that are meant. An index answers a
// bounded number of keys at once, so it is asked again as long as that helps.
// Those that have run out are removed as well: they would be in the way.
func (m *Manager) endWhere(ctx context.Context, indexes []string, meant selection) ([]ports.EndedSessions, error) {
	var ended tally
	for _, index := range indexes {
		for range maxRounds {
			keys, err := m.records.keys(ctx, index)
			if err != nil {
				return ended, err
			}
			n, err := m.endKeys(ctx, keys, meant, &ended)
			if err != nil {
				return ended, err
			}
			if n == 0 || len(keys) < ports.MaxKeys {
				break
			}
		}
	}
	return ended, nil
}

// endKeys returns how many records it has removed.
func (m *Manager) endKeys(ctx context.Context, keys []string, meant selection, ended *tally) (int, error) {
	removed := 0
	for _, key := range keys {
		if !meant.key(key) {
			continue
		}
		s, err := m.endSession(ctx, key, meant.session)
		if err != nil {
			return removed, err
		}
		if s == nil {
			continue
		}
		removed++
		ended.add(s, m.expired(s))
		m.forget(ctx, key)
		// The session is over already, and nobody else reads the rest.
		_ = m.records.deleteAll(ctx, belongings([]string{key}))
	}
	return removed, nil
}

// tally is what a call has ended, by person.
type tally []ports.EndedSessions

func (t *tally) add(s *keptSession, expired bool) {
	one := t.of(s.Identity)
	if expired {
		one.Expired++
	} else {
		one.Live++
	}
}

// of returns the person's entry. Who comes when the list is full is counted in
// a last one, without a name.
func (t *tally) of(id ports.Identity) *ports.EndedSessions {
	for i := range *t {
		if known := &(*t)[i]; known.Identity.Issuer == id.Issuer && known.Identity.Subject == id.Subject {
			return known
		}
	}
	switch {
	case len(*t) < ports.MaxEndedUsers:
		*t = append(*t, ports.EndedSessions{Identity: id})
	case len(*t) == ports.MaxEndedUsers:
		*t = append(*t, ports.EndedSessions{})
	}
	return &(*t)[len(*t)-1]
}

// forget makes the request in ctx know that a session has ended, where it is
// its own.
func (m *Manager) forget(ctx context.Context, key string) {
	req, err := m.enter(ctx)
	if err != nil {
		return
	}
	defer req.mu.Unlock()
	if req.held.token != "" && req.held.key() == key {
		req.held = held{loaded: true}
	}
}
