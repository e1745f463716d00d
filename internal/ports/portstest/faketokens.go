package portstest

import (
	"context"
	"slices"
	"time"

	"webapp/internal/ports"
)

// Claims implements ports.SessionTokens.
func (f *FakeSessions) Claims(ctx context.Context) ([]ports.Claim, error) {
	live, err := f.enterLive(ctx)
	if err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	return slices.Clone(live.claims), nil
}

// Tokens implements ports.SessionTokens.
func (f *FakeSessions) Tokens(ctx context.Context) (ports.Tokens, error) {
	live, err := f.enterLive(ctx)
	if err != nil {
		return ports.Tokens{}, err
	}
	defer f.mu.Unlock()
	return cloneTokens(live.tokens), nil
}

// Groups implements ports.SessionTokens.
func (f *FakeSessions) Groups(ctx context.Context) (ports.Groups, error) {
	tokens, err := f.Tokens(ctx)
	return tokens.Groups, err
}

// UpdateTokens implements ports.SessionTokens.
func (f *FakeSessions) UpdateTokens(ctx context.Context, change func(*ports.Tokens)) error {
	live, err := f.enterLive(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	g := cloneTokens(live.tokens)
	change(&g)
	live.tokens = cloneTokens(g)
	return nil
}

// LeaseRefresh implements ports.SessionTokens.
func (f *FakeSessions) LeaseRefresh(ctx context.Context, until time.Time) (func(context.Context), error) {
	live, err := f.enterLive(ctx)
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

func cloneTokens(g ports.Tokens) ports.Tokens {
	g.AccessTokens = slices.Clone(g.AccessTokens)
	for i := range g.AccessTokens {
		g.AccessTokens[i].Scopes = slices.Clone(g.AccessTokens[i].Scopes)
	}
	return g
}
