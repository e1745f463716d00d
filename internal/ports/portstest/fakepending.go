package portstest

import (
	"context"
	"slices"

	"webapp/internal/ports"
)

// Keep implements ports.PendingSignIns. It works while the store is down: what
// is pending lives with the browser.
func (f *FakeSessions) Keep(ctx context.Context, p ports.PendingSignIn) error {
	ex, err := f.enter(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	p.Scopes = slices.Clone(p.Scopes)
	ex.browser.keep(p)
	return nil
}

// Take implements ports.PendingSignIns.
func (f *FakeSessions) Take(ctx context.Context, state string) (ports.PendingSignIn, error) {
	ex, err := f.enter(ctx)
	if err != nil {
		return ports.PendingSignIn{}, err
	}
	defer f.mu.Unlock()
	if state == "" {
		return ports.PendingSignIn{}, ports.ErrNoPendingSignIn
	}
	if err := f.reach(); err != nil {
		return ports.PendingSignIn{}, err
	}
	p, found := ex.browser.take(state)
	switch {
	case f.spent[state]:
		return ports.PendingSignIn{}, ports.ErrPendingSpent
	case !found, !f.clock().Before(p.Began.Add(fakePendingLife)):
		return ports.PendingSignIn{}, ports.ErrNoPendingSignIn
	}
	f.spent[state] = true
	return p, nil
}
