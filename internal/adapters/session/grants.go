package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webapp/internal/ports"
)

// maxUpdates bounds how often UpdateGrant begins again. At each attempt one of
// those that contend succeeds.
const maxUpdates = 64

// Claims answers the claims that the session began with; none where the store
// has lost them.
func (m *Manager) Claims(ctx context.Context) ([]ports.Claim, error) {
	_, key, leave, err := m.enterSession(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	found, err := m.belonging(ctx, key, claimsKey(key))
	if err != nil || !found.readable {
		return nil, err
	}
	claims, err := decodeClaims(found.value)
	if err != nil {
		return nil, nil
	}
	return claims, nil
}

// Grant answers the current session's grant. It is empty where the session has
// none, or where the store has lost it: the person is still signed in then, and
// API calls ask for a new sign-in.
func (m *Manager) Grant(ctx context.Context) (ports.Grant, error) {
	_, key, leave, err := m.enterSession(ctx)
	if err != nil {
		return ports.Grant{}, err
	}
	defer leave()
	found, err := m.belonging(ctx, key, grantKey(key))
	if err != nil {
		return ports.Grant{}, err
	}
	return grantOf(found), nil
}

// UpdateGrant compares and swaps until it succeeds, each time with the grant
// and the session as they then are: both may have changed since this request
// loaded them. change must not call the Manager. ports.ErrStoreUnavailable
// where others change the grant all the time.
func (m *Manager) UpdateGrant(ctx context.Context, change func(*ports.Grant)) error {
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

// errOvertaken: somebody else changed the record meanwhile.
var errOvertaken = errors.New("overtaken")

func (m *Manager) updateOnce(ctx context.Context, key string, expires time.Time, change func(*ports.Grant)) error {
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
	e := entry{key: grantKey(key), value: encodeGrant(&g), expires: expires}
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

// grantOf answers the grant of a record; an empty one where there is none that
// can be read.
func grantOf(found opened) ports.Grant {
	if !found.readable {
		return ports.Grant{}
	}
	g, err := decodeGrant(found.value)
	if err != nil {
		return ports.Grant{}
	}
	return g
}

// belonging finds what belongs to a session. Where it is not there, the session
// may have ended since this request loaded it, and is asked for.
func (m *Manager) belonging(ctx context.Context, session, key string) (opened, error) {
	found, err := m.records.find(ctx, key)
	if errors.Is(err, ports.ErrNoRecord) {
		return opened{}, m.alive(ctx, session)
	}
	return found, err
}

// alive answers nil while the store has the session's record.
func (m *Manager) alive(ctx context.Context, key string) error {
	err := m.records.exists(ctx, key)
	if errors.Is(err, ports.ErrNoRecord) {
		return ports.ErrNoSession
	}
	return err
}

// enterSession answers the browser's session and its key, within the locked
// exchange; the caller leaves it.
func (m *Manager) enterSession(ctx context.Context) (s ports.Session, key string, leave func(), err error) {
	ex, err := m.enter(ctx)
	if err != nil {
		return ports.Session{}, "", nil, err
	}
	s, err = m.current(ctx, ex)
	if err != nil {
		ex.mu.Unlock()
		return ports.Session{}, "", nil, err
	}
	return s, ex.held.key(), ex.mu.Unlock, nil
}
