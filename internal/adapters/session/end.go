package session

import (
	"context"
	"errors"
	"fmt"

	"webapp/internal/ports"
)

// End implements ports.Sessions. It deletes the session's record first, because
// without it no request can read or write the related records. If only their
// deletion fails, End returns an error and another End deletes them.
func (m *Manager) End(ctx context.Context, withTokens bool) ([]ports.EndedSession, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer req.mu.Unlock()
	keys := m.namedKeys(req)
	ended, err := m.endNamed(ctx, req, keys, withTokens)
	if err != nil {
		return ended, err
	}
	req.current = loadedSession{loaded: true}
	if err := m.records.deleteAll(ctx, relatedKeys(keys)); err != nil {
		return ended, err
	}
	m.clearSession(req)
	return ended, nil
}

// clearSession deletes the session's cookies if the browser has them.
func (m *Manager) clearSession(req *browserRequest) {
	for _, name := range []string{m.cookies.session, m.cookies.reference} {
		if len(req.cookies(name)) > 0 {
			req.set(m.cookies.make(name, "", -1))
		}
	}
}

// maxEnds is the number of attempts of endSession while other requests change the
// session.
const maxEnds = 64

// endNamed deletes the session records with these keys, readable or not, and
// returns the sessions among them. It uses the copy of the current session that the
// locked request has loaded.
func (m *Manager) endNamed(ctx context.Context, req *browserRequest, keys []string, withTokens bool) ([]ports.EndedSession, error) {
	var ended []ports.EndedSession
	for _, key := range keys {
		tokens := m.readLastTokens(ctx, key, withTokens)
		var s *keptSession
		var err error
		if req.current.session != nil && req.current.key() == key {
			s, err = m.endRevision(ctx, key, req.current.session, req.current.version)
		} else {
			s, err = m.endSession(ctx, key, nil)
		}
		if err != nil {
			return ended, err
		}
		if s != nil {
			ended = append(ended, ports.EndedSession{Session: s.Session, RefreshToken: tokens.take(ctx)})
		}
	}
	return ended, nil
}

// endRevision ends session s of version v, or a later version of it.
func (m *Manager) endRevision(ctx context.Context, key string, s *keptSession, v ports.Version) (*keptSession, error) {
	err := m.records.delete(ctx, key, v)
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, ports.ErrNoRecord):
		return nil, nil
	case errors.Is(err, ports.ErrRecordChanged):
		return m.endSession(ctx, key, nil)
	}
	return nil, err
}

// endSession deletes the record of a session, live or expired, and returns the
// session. It returns nil if there is none, or if another call has ended it: it
// deletes exactly the version that it has read, so only one of several calls
// returns the session. If accept is set, endSession deletes only sessions for
// which it returns true, and no unreadable records.
func (m *Manager) endSession(ctx context.Context, key string, accept func(*keptSession) bool) (*keptSession, error) {
	for range maxEnds {
		found, err := m.records.find(ctx, key)
		if errors.Is(err, ports.ErrNoRecord) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		s := sessionIn(found)
		if accept != nil && (s == nil || !accept(s)) {
			return nil, nil
		}
		err = m.records.delete(ctx, key, found.version)
		switch {
		case err == nil:
			return s, nil
		case errors.Is(err, ports.ErrNoRecord):
			return nil, nil
		case !errors.Is(err, ports.ErrRecordChanged):
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: session changes too often", ports.ErrStoreUnavailable)
}

// lastTokens is the tokens record of a session that is about to end.
type lastTokens struct {
	records *records
	key     string // empty if the caller does not want the tokens
	found   foundRecord
}

// readLastTokens reads the tokens of the session with this record key, if wanted is
// set. It reads them before the session ends, because a concurrent End deletes the
// tokens of a session that has ended. If the read fails, take reads them again.
func (m *Manager) readLastTokens(ctx context.Context, key string, wanted bool) lastTokens {
	if !wanted {
		return lastTokens{}
	}
	t := lastTokens{records: m.records, key: tokensKey(key)}
	t.found, _ = m.records.find(ctx, t.key)
	return t
}

// take deletes the tokens after the session has ended, and returns the refresh
// token. It deletes exactly the version that was read: if a refresh has replaced
// the tokens in between, take reads the new ones. If the store fails, take returns
// the refresh token that was read last.
func (t lastTokens) take(ctx context.Context) string {
	if t.key == "" {
		return ""
	}
	for range maxUpdates {
		if t.found.version != ports.AnyVersion {
			err := t.records.delete(ctx, t.key, t.found.version)
			if !errors.Is(err, ports.ErrRecordChanged) {
				break
			}
		}
		newer, err := t.records.find(ctx, t.key)
		if err != nil {
			break
		}
		t.found = newer
	}
	return tokensOf(t.found).RefreshToken
}
