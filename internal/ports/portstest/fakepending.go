package portstest

import (
	"context"
	"slices"

	"webapp/internal/ports"
)

// Keep implements ports.PendingSignIns. It works while the store is down, because the
// browser stores pending sign-ins.
func (f *FakeSessions) Keep(ctx context.Context, p ports.PendingSignIn) error {
	req, err := f.enter(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	req.browser.keep(p)
	return nil
}

// Take implements ports.PendingSignIns.
func (f *FakeSessions) Take(ctx context.Context, state string) (ports.PendingSignIn, error) {
	req, err := f.enter(ctx)
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
	p, found := req.browser.take(state)
	switch {
	case f.spent[state]:
		return ports.PendingSignIn{State: p.State, ReturnTo: p.ReturnTo}, ports.ErrPendingSpent
	case !found:
		return ports.PendingSignIn{}, ports.ErrNoPendingSignIn
	}
	f.spent[state] = true
	return p, nil
}

// RecordOutcome implements ports.PendingSignIns.
func (f *FakeSessions) RecordOutcome(_ context.Context, p ports.PendingSignIn, outcome []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.reach(); err != nil {
		return err
	}
	if !f.spent[p.State] {
		return ports.ErrNoRecord
	}
	if _, ok := f.outcomes[p.State]; !ok {
		f.outcomes[p.State] = slices.Clone(outcome)
	}
	return nil
}

// Outcome implements ports.PendingSignIns.
func (f *FakeSessions) Outcome(_ context.Context, state string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.reach(); err != nil {
		return nil, err
	}
	outcome, ok := f.outcomes[state]
	if !ok {
		return nil, ports.ErrNoOutcome
	}
	return outcome, nil
}
