package session

import (
	"context"
	"errors"
	"time"

	"webapp/internal/ports"
)

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
