package session

import (
	"context"
	"errors"
	"fmt"

	"webapp/internal/ports"
)

// End deletes the session's record and then what belongs to it; in that order,
// because without the session nobody can read the rest or write it again. Where
// only the second step failed the error says so and another End completes it.
func (m *Manager) End(ctx context.Context) ([]ports.Session, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer req.mu.Unlock()
	keys := m.presented(req)
	ended, err := m.endPresented(ctx, req, keys)
	if err != nil {
		return ended, err
	}
	req.held = held{loaded: true}
	if err := m.records.deleteAll(ctx, belongings(keys)); err != nil {
		return ended, err
	}
	m.clearSession(req)
	return ended, nil
}

// clearSession deletes the session's cookies where the browser has any.
func (m *Manager) clearSession(req *browserRequest) {
	for _, name := range []string{m.cookies.session, m.cookies.reference} {
		if len(req.values(name)) > 0 {
			req.set(m.cookies.make(name, "", -1))
		}
	}
}

// maxEnds bounds how often one end begins again because the session was touched
// meanwhile.
const maxEnds = 64

// endPresented ends the sessions that the browser names, and deletes what is in
// the place of one and cannot be read. The locked request may hold one of them,
// which then need not be read again.
func (m *Manager) endPresented(ctx context.Context, req *browserRequest, keys []string) ([]ports.Session, error) {
	var ended []ports.Session
	for _, key := range keys {
		var s *keptSession
		var err error
		if req.held.session != nil && req.held.key() == key {
			s, err = m.endRevision(ctx, key, req.held.session, req.held.read.version)
		} else {
			s, err = m.endSession(ctx, key, nil)
		}
		if err != nil {
			return ended, err
		}
		if s != nil {
			ended = append(ended, s.Session)
		}
	}
	return ended, nil
}

// endRevision ends the session in the state that was read, or as it is now.
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

// endSession deletes the record of a session, live or expired, and returns it;
// nil where there is none, or another call has ended it. It deletes exactly what
// it has read, so that of several calls one alone has ended it. With meant only
// a session is deleted that it accepts; without, whatever is there.
func (m *Manager) endSession(ctx context.Context, key string, meant func(*keptSession) bool) (*keptSession, error) {
	for range maxEnds {
		found, err := m.records.find(ctx, key)
		if errors.Is(err, ports.ErrNoRecord) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		s := m.sessionIn(found)
		if meant != nil && (s == nil || !meant(s)) {
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
