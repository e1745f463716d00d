package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"webapp/internal/ports"
)

// maxUpdates bounds how often UpdateTokens and UpdateRoles begin again. At each
// attempt one of the callers that contend succeeds.
const maxUpdates = 64

// UpdateTokens compares and swaps until it succeeds, each time with the grant
// and the session as they then are: both may have changed since this request
// loaded them. change must not call the Manager. ports.ErrStoreUnavailable
// where others change the grant all the time.
func (m *Manager) UpdateTokens(ctx context.Context, change func(*ports.Tokens)) error {
	s, key, leave, err := m.enterSession(ctx)
	if err != nil {
		return err
	}
	defer leave()
	expires := m.belongingsExpire(&s)
	for range maxUpdates {
		err := m.updateOnce(ctx, key, expires, change)
		if !errors.Is(err, errOvertaken) {
			return err
		}
	}
	return fmt.Errorf("%w: grant changes too often", ports.ErrStoreUnavailable)
}

// UpdateRoles compares and swaps the session's record until it succeeds, each
// time with the session as it then is: another request may have touched it
// since this one loaded it. The indexes stay those that it was created with.
func (m *Manager) UpdateRoles(ctx context.Context, roles []string) error {
	req, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer req.mu.Unlock()
	if _, err := m.current(ctx, req); err != nil {
		return err
	}
	for range maxUpdates {
		err := m.updateRolesOnce(ctx, req, roles)
		switch {
		case errors.Is(err, ports.ErrNoRecord):
			req.held = held{loaded: true}
			return ports.ErrNoSession
		case !errors.Is(err, ports.ErrRecordChanged):
			return err
		}
	}
	return fmt.Errorf("%w: session changes too often", ports.ErrStoreUnavailable)
}

func (m *Manager) updateRolesOnce(ctx context.Context, req *browserRequest, roles []string) error {
	found, err := m.records.find(ctx, req.held.key())
	if err != nil {
		return err
	}
	s := m.sessionIn(found)
	if s == nil {
		return ports.ErrNoRecord
	}
	version := found.version
	if !slices.Equal(s.Identity.Roles, roles) {
		s.Identity.Roles = slices.Clone(roles)
		version, err = m.records.replace(ctx, entry{
			key: req.held.key(), value: encodeSession(s), expires: s.Expires.Add(ExpiredRetention),
			indexes: indexesOf(m.seal.key(s.indexedBy), &s.Identity),
		}, version)
		if err != nil {
			return err
		}
	}
	req.held.session, req.held.read.version = s, version
	return nil
}

// errOvertaken: somebody else changed the record meanwhile.
var errOvertaken = errors.New("overtaken")

func (m *Manager) updateOnce(ctx context.Context, key string, expires time.Time, change func(*ports.Tokens)) error {
	if err := m.alive(ctx, key); err != nil {
		return err
	}
	found, err := m.records.find(ctx, grantKey(key))
	none := errors.Is(err, ports.ErrNoRecord)
	if err != nil && !none {
		return err
	}
	g := grantOf(found)
	change(&g)
	value, err := encodeJSON(g)
	if err != nil {
		return err
	}
	e := entry{key: grantKey(key), value: value, expires: expires}
	if none {
		return m.addGrant(ctx, key, e)
	}
	_, err = m.records.replace(ctx, e, found.version)
	if errors.Is(err, ports.ErrRecordChanged) || errors.Is(err, ports.ErrNoRecord) {
		return errOvertaken
	}
	return err
}

// addGrant adds the grant of a session that has none. An End that comes in
// between has looked for a grant in vain, so the session is asked for once
// more: End deletes it first.
func (m *Manager) addGrant(ctx context.Context, key string, e entry) error {
	v, err := m.records.create(ctx, e)
	if errors.Is(err, ports.ErrRecordExists) {
		return errOvertaken
	}
	if err != nil {
		return err
	}
	err = m.alive(ctx, key)
	if errors.Is(err, ports.ErrNoSession) {
		_ = m.records.delete(ctx, e.key, v)
	}
	return err
}
