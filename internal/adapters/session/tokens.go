package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webapp/internal/ports"
)

// Claims returns the claims that the session began with; none where the store
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
	claims, err := decodeJSON[[]ports.Claim](found.value)
	if err != nil {
		return nil, nil
	}
	return claims, nil
}

// Tokens returns the current session's grant. It is empty where the session has
// none, or where the store has lost it: the person is still signed in then, and
// API calls ask for a new sign-in.
func (m *Manager) Tokens(ctx context.Context) (ports.Tokens, error) {
	_, key, leave, err := m.enterSession(ctx)
	if err != nil {
		return ports.Tokens{}, err
	}
	defer leave()
	found, err := m.belonging(ctx, key, grantKey(key))
	if err != nil {
		return ports.Tokens{}, err
	}
	return grantOf(found), nil
}

// grantOf returns the grant of a record; an empty one where there is none that
// can be read.
func grantOf(found opened) ports.Tokens {
	if !found.readable {
		return ports.Tokens{}
	}
	g, err := decodeJSON[ports.Tokens](found.value)
	if err != nil {
		return ports.Tokens{}
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

// alive returns nil while the store has the session's record. That the session
// has not run out the caller knows.
func (m *Manager) alive(ctx context.Context, key string) error {
	err := m.records.exists(ctx, key)
	if errors.Is(err, ports.ErrNoRecord) {
		return ports.ErrNoSession
	}
	return err
}

// enterSession returns the browser's session and its key. It locks the browser's
// request; leave unlocks it.
func (m *Manager) enterSession(ctx context.Context) (s ports.Session, key string, leave func(), err error) {
	req, err := m.enter(ctx)
	if err != nil {
		return ports.Session{}, "", nil, err
	}
	s, err = m.current(ctx, req)
	if err != nil {
		req.mu.Unlock()
		return ports.Session{}, "", nil, err
	}
	return s, req.held.key(), req.mu.Unlock, nil
}

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

// LeaseRefresh adds a record that only one request can add, on all instances
// together, and that runs out by itself. The session is asked for afterwards: an
// End that came before has not seen the lease.
func (m *Manager) LeaseRefresh(ctx context.Context, until time.Time) (func(context.Context), error) {
	_, key, leave, err := m.enterSession(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	v, err := m.records.create(ctx, entry{key: leaseKey(key), expires: until})
	if errors.Is(err, ports.ErrRecordExists) {
		if err := m.alive(ctx, key); err != nil {
			return nil, err
		}
		return nil, ports.ErrLeased
	}
	if err != nil {
		return nil, err
	}
	release := m.releaser(leaseKey(key), v)
	if err := m.alive(ctx, key); err != nil {
		release(ctx)
		return nil, err
	}
	return release, nil
}

// releaser returns what gives a lease back: this one and no later one, because
// no version comes twice. A request that was cancelled gives its lease back
// too; a release that fails leaves the lease to run out.
func (m *Manager) releaser(key string, v ports.Version) func(context.Context) {
	return func(ctx context.Context) {
		_ = m.records.delete(context.WithoutCancel(ctx), key, v)
	}
}
