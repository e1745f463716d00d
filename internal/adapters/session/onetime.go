package session

import (
	"context"
	"errors"
	"time"

	"webapp/internal/ports"
)

// CheckUnspent implements ports.OneTimeIDs.
func (m *Manager) CheckUnspent(ctx context.Context, id string) error {
	err := m.records.exists(ctx, onceKey(id))
	if errors.Is(err, ports.ErrNoRecord) {
		return nil
	}
	if err == nil {
		return ports.ErrSpent
	}
	return err
}

// Spend implements ports.OneTimeIDs. The store keeps the record for clockSkew
// longer than until.
func (m *Manager) Spend(ctx context.Context, id string, until time.Time) error {
	_, err := m.records.create(ctx, entry{key: onceKey(id), expires: until.Add(clockSkew)})
	if errors.Is(err, ports.ErrRecordExists) {
		return ports.ErrSpent
	}
	return err
}
