package session

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"webapp/internal/ports"
)

// filter selects the sessions to end. Both functions must return true. key is called
// first, because it does not read the store.
type filter struct {
	key     func(string) bool
	session func(*keptSession) bool
	tokens  bool // whether to return their refresh tokens
}

// maxRounds limits how many times one call asks the store for the keys of an index.
const maxRounds = 1000

// EndSession implements ports.SessionDirectory. It searches the person's sessions
// for id, so that it cannot end another person's session.
func (m *Manager) EndSession(ctx context.Context, issuer, subject, id string, withTokens bool) ([]ports.EndedSessions, error) {
	ctx = m.withKeys(ctx)
	return m.endWhere(ctx, m.userIndexes(ctx, issuer, subject), filter{
		key:     func(key string) bool { return listedID(key) == id },
		session: func(s *keptSession) bool { return isOf(s, issuer, subject) },
		tokens:  withTokens,
	})
}

// EndSessionsOf implements ports.SessionDirectory.
func (m *Manager) EndSessionsOf(ctx context.Context, issuer, subject string, keepThis, withTokens bool) ([]ports.EndedSessions, error) {
	ctx = m.withKeys(ctx)
	kept := ""
	if keepThis {
		req, err := m.enter(ctx)
		if err != nil {
			return nil, err
		}
		kept = m.namedKey(req)
		req.mu.Unlock()
	}
	return m.endWhere(ctx, m.userIndexes(ctx, issuer, subject), filter{
		key:     func(key string) bool { return key != kept },
		session: func(s *keptSession) bool { return isOf(s, issuer, subject) },
		tokens:  withTokens,
	})
}

// EndLeastRecentlyUsed implements ports.SessionDirectory. It reads the person's
// sessions only if the indexes have more than keep.
func (m *Manager) EndLeastRecentlyUsed(ctx context.Context, issuer, subject string, keep int) ([]ports.EndedSessions, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	this := m.namedKey(req)
	req.mu.Unlock()
	var ended tally
	for range maxRounds {
		excess, err := m.excess(ctx, issuer, subject, this, keep)
		if err != nil || len(excess) == 0 {
			return ended, err
		}
		removed := 0
		for _, one := range excess {
			n, err := m.endKeys(ctx, []string{one.key}, filter{
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

// keyedSession is a session with its record key.
type keyedSession struct {
	key     string
	session *keptSession
}

// excess returns the sessions to end so that at most keep are left. this is the
// record key of the browser's own session, which stays.
func (m *Manager) excess(ctx context.Context, issuer, subject, this string, keep int) ([]keyedSession, error) {
	var keys []string
	for _, index := range m.userIndexes(ctx, issuer, subject) {
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
		if s := sessionIn(found); s != nil && isOf(s, issuer, subject) {
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
		// With this order concurrent instances choose the same sessions.
		return cmp.Or(a.session.Seen.Compare(b.session.Seen), cmp.Compare(a.key, b.key))
	})
	return list[:max(0, len(list)-max(0, keep))], nil
}

// EndProviderSession implements ports.SessionDirectory.
func (m *Manager) EndProviderSession(ctx context.Context, issuer, subject, sid string, withTokens bool) ([]ports.EndedSessions, error) {
	if sid == "" {
		return nil, nil
	}
	ctx = m.withKeys(ctx)
	indexes := m.keysOf(ctx).indexes(func(key *sealingKey) string { return providerIndex(key, sid) })
	return m.endWhere(ctx, indexes, filter{
		key: func(string) bool { return true },
		session: func(s *keptSession) bool {
			id := &s.Identity
			return id.ProviderSession == sid && (issuer == "" || id.Issuer == issuer) && (subject == "" || id.Subject == subject)
		},
		tokens: withTokens,
	})
}

// endWhere ends the wanted sessions, live and expired, that have one of the
// indexes. The store returns at most ports.MaxKeys keys at once, so endWhere asks
// until no more are removed.
func (m *Manager) endWhere(ctx context.Context, indexes []string, wanted filter) ([]ports.EndedSessions, error) {
	var ended tally
	for _, index := range indexes {
		for range maxRounds {
			keys, err := m.records.keys(ctx, index)
			if err != nil {
				return ended, err
			}
			n, err := m.endKeys(ctx, keys, wanted, &ended)
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

// endKeys ends the wanted sessions with these keys, adds them to ended and returns
// how many records it has removed.
func (m *Manager) endKeys(ctx context.Context, keys []string, wanted filter, ended *tally) (int, error) {
	removed := 0
	for _, key := range keys {
		if !wanted.key(key) {
			continue
		}
		tokens := m.readLastTokens(ctx, key, wanted.tokens && ended.tokens() < ports.MaxEndedTokens)
		s, err := m.endSession(ctx, key, wanted.session)
		if err != nil {
			return removed, err
		}
		if s == nil {
			continue
		}
		removed++
		ended.add(s, m.expired(s), tokens.take(ctx))
		m.forget(ctx, key)
		// A failure is harmless: without the session, no request reads these
		// records.
		_ = m.records.deleteAll(ctx, relatedKeys([]string{key}))
	}
	return removed, nil
}

// tally counts the sessions that a call has ended, by person, and collects their
// refresh tokens.
type tally []ports.EndedSessions

func (t *tally) add(s *keptSession, expired bool, refreshToken string) {
	one := t.of(s.Identity)
	if refreshToken != "" {
		one.RefreshTokens = append(one.RefreshTokens, refreshToken)
	}
	if expired {
		one.Expired++
	} else {
		one.Live++
	}
}

// tokens returns the number of refresh tokens.
func (t tally) tokens() (n int) {
	for _, one := range t {
		n += len(one.RefreshTokens)
	}
	return n
}

// of returns the person's entry. If the list is full, it returns a last entry
// without an identity, which all other people share.
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

// forget clears the current session of the request in ctx if it has this key.
func (m *Manager) forget(ctx context.Context, key string) {
	req, err := m.enter(ctx)
	if err != nil {
		return
	}
	defer req.mu.Unlock()
	if req.current.token != "" && req.current.key() == key {
		req.current = loadedSession{loaded: true}
	}
}
