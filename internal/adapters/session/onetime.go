package session

import (
	"context"
	"errors"
	"time"

	"webapp/internal/ports"
)

// SpendOnce marks id as used. The mark stays for the clock skew beyond until.
func (m *Manager) SpendOnce(ctx context.Context, id string, until time.Time) error {
	_, err := m.records.create(ctx, entry{key: onceKey(id), expires: until.Add(clockSkew)})
	if errors.Is(err, ports.ErrRecordExists) {
		return ports.ErrSpent
	}
	return err
}
