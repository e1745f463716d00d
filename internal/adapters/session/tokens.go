package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"webapp/internal/ports"
)

// Claims implements ports.SessionTokens. It returns none if the store has lost
// them.
func (m *Manager) Claims(ctx context.Context) ([]ports.Claim, error) {
	_, key, leave, err := m.enterSession(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	found, err := m.findRelated(ctx, key, claimsKey(key))
	if err != nil || !found.readable {
		return nil, err
	}
	claims, err := decodeClaims(found.value)
	if err != nil {
		return nil, nil
	}
	return claims, nil
}

// Tokens implements ports.SessionTokens. It returns empty Tokens if the store has
// lost them: the person stays signed in, and API calls need a new sign-in.
func (m *Manager) Tokens(ctx context.Context) (ports.Tokens, error) {
	found, err := m.findTokens(ctx)
	if err != nil {
		return ports.Tokens{}, err
	}
	return tokensOf(found), nil
}

// findTokens returns the record of the session's tokens, or an empty one.
func (m *Manager) findTokens(ctx context.Context) (foundRecord, error) {
	_, key, leave, err := m.enterSession(ctx)
	if err != nil {
		return foundRecord{}, err
	}
	defer leave()
	return m.findRelated(ctx, key, tokensKey(key))
}

// tokensOf returns the tokens in a record, or empty Tokens if it cannot be read.
func tokensOf(found foundRecord) ports.Tokens {
	if !found.readable {
		return ports.Tokens{}
	}
	tokens, err := decodeTokens(found.value)
	if err != nil {
		return ports.Tokens{}
	}
	return tokens
}

// Groups implements ports.SessionTokens.
func (m *Manager) Groups(ctx context.Context) (ports.Groups, error) {
	found, err := m.findTokens(ctx)
	if err != nil {
		return ports.Groups{}, err
	}
	if groups, _, err := decodeGroups(found.value); err == nil && found.readable {
		return groups, nil
	}
	return tokensOf(found).Groups, nil
}

// findRelated returns a record that belongs to a session. If there is none, it
// returns ports.ErrNoSession if the session has ended since this request loaded
// it.
func (m *Manager) findRelated(ctx context.Context, session, key string) (foundRecord, error) {
	found, err := m.records.find(ctx, key)
	if errors.Is(err, ports.ErrNoRecord) {
		return foundRecord{}, m.alive(ctx, session)
	}
	return found, err
}

// alive returns nil if the store has the session's record, and otherwise
// ports.ErrNoSession. It does not check the session's Expires.
func (m *Manager) alive(ctx context.Context, key string) error {
	err := m.records.exists(ctx, key)
	if errors.Is(err, ports.ErrNoRecord) {
		return ports.ErrNoSession
	}
	return err
}

// enterSession returns the browser's session and its record key. It locks the
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
	return s, req.current.key(), req.mu.Unlock, nil
}

// UpdateTokens implements ports.SessionTokens. It reads and replaces the tokens
// until no other request has changed them in between. change must not call the
// Manager.
func (m *Manager) UpdateTokens(ctx context.Context, change func(*ports.Tokens)) error {
	s, key, leave, err := m.enterSession(ctx)
	if err != nil {
		return err
	}
	defer leave()
	expires := m.tokensExpire(&s)
	for range maxUpdates {
		err := m.updateTokensOnce(ctx, key, expires, change)
		if !errors.Is(err, errOvertaken) {
			return err
		}
	}
	return fmt.Errorf("%w: tokens change too often", ports.ErrStoreUnavailable)
}

// errOvertaken means that another request has changed the record.
var errOvertaken = errors.New("overtaken")

func (m *Manager) updateTokensOnce(ctx context.Context, key string, expires time.Time, change func(*ports.Tokens)) error {
	if err := m.alive(ctx, key); err != nil {
		return err
	}
	found, err := m.records.find(ctx, tokensKey(key))
	none := errors.Is(err, ports.ErrNoRecord)
	if err != nil && !none {
		return err
	}
	tokens := tokensOf(found)
	change(&tokens)
	value, err := encodeTokens(tokens)
	if err != nil {
		return err
	}
	e := entry{key: tokensKey(key), value: value, expires: expires}
	if none {
		return m.addTokens(ctx, key, e)
	}
	_, err = m.records.replace(ctx, e, found.version)
	if errors.Is(err, ports.ErrRecordChanged) || errors.Is(err, ports.ErrNoRecord) {
		return errOvertaken
	}
	return err
}

// addTokens creates the record of a session without tokens. A concurrent End may
// have deleted the session and found no tokens to delete, so addTokens checks the
// session afterwards.
func (m *Manager) addTokens(ctx context.Context, key string, e entry) error {
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

// LeaseRefresh implements ports.SessionTokens. The lease is a record that only one
// request can create, on all instances together. A concurrent End may have missed
// it, so LeaseRefresh checks the session afterwards.
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

// releaser returns a function that deletes this lease and no later one, even if
// the request was cancelled. If the deletion fails, the lease expires.
func (m *Manager) releaser(key string, v ports.Version) func(context.Context) {
	return func(ctx context.Context) {
		_ = m.records.delete(context.WithoutCancel(ctx), key, v)
	}
}
