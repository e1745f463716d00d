package portstest

import (
	"context"
	"slices"
	"time"

	"webapp/internal/ports"
)

// Claims implements ports.Grants.
func (f *FakeSessions) Claims(ctx context.Context) ([]ports.Claim, error) {
	_, live, err := f.enterLive(ctx)
	if err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	return slices.Clone(live.claims), nil
}

// Grant implements ports.Grants.
func (f *FakeSessions) Grant(ctx context.Context) (ports.Grant, error) {
	_, live, err := f.enterLive(ctx)
	if err != nil {
		return ports.Grant{}, err
	}
	defer f.mu.Unlock()
	return cloneGrant(live.grant), nil
}

// UpdateGrant implements ports.Grants.
func (f *FakeSessions) UpdateGrant(ctx context.Context, change func(*ports.Grant)) error {
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

// LeaseRefresh implements ports.Grants.
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

func cloneGrant(g ports.Grant) ports.Grant {
	g.AccessTokens = slices.Clone(g.AccessTokens)
	for i := range g.AccessTokens {
		g.AccessTokens[i].Scopes = slices.Clone(g.AccessTokens[i].Scopes)
	}
	return g
}
