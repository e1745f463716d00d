package portstest

import (
	"context"
	"slices"
	"time"

	"webapp/internal/ports"
)

// Claims implements ports.SessionTokens.
func (f *FakeSessions) Claims(ctx context.Context) ([]ports.Claim, error) {
	_, live, err := f.enterLive(ctx)
	if err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	return slices.Clone(live.claims), nil
}

// Tokens implements ports.SessionTokens.
func (f *FakeSessions) Tokens(ctx context.Context) (ports.Tokens, error) {
	_, live, err := f.enterLive(ctx)
	if err != nil {
		return ports.Tokens{}, err
	}
	defer f.mu.Unlock()
	return cloneGrant(live.grant), nil
}

// UpdateTokens implements ports.SessionTokens.
func (f *FakeSessions) UpdateTokens(ctx context.Context, change func(*ports.Tokens)) error {
	_, live, err := f.enterLive(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	g := cloneGrant(live.grant)
	change(&g)
	live.grant = cloneGrant(g)
	return nil
}

// LeaseRefresh implements ports.SessionTokens.
func (f *FakeSessions) LeaseRefresh(ctx context.Context, until time.Time) (func(context.Context), error) {
	_, live, err := f.enterLive(ctx)
	if err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	if live.lease != nil && f.clock().Before(live.lease.until) {
		return nil, ports.ErrLeased
	}
	mine := &fakeLease{until: until}
	live.lease = mine
	return func(context.Context) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if live.lease == mine && !f.down {
			live.lease = nil
		}
	}, nil
}

func cloneGrant(g ports.Tokens) ports.Tokens {
	g.AccessTokens = slices.Clone(g.AccessTokens)
	for i := range g.AccessTokens {
		g.AccessTokens[i].Scopes = slices.Clone(g.AccessTokens[i].Scopes)
	}
	return g
}
