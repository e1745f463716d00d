package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"

	"webapp/internal/ports"
)

// Manager is the session adapter. It is safe for concurrent use; its methods
// work on the browser that Middleware put into their context, and answer
// ports.ErrNoBrowser where there is none.
type Manager struct {
	records  *records
	seal     *sealer
	scs      *scs.SessionManager
	cookies  cookieJar
	clock    func() time.Time
	lifetime time.Duration
}

var (
	_ ports.Sessions       = (*Manager)(nil)
	_ ports.Grants         = (*Manager)(nil)
	_ ports.PendingSignIns = (*Manager)(nil)
	_ ports.StoreReadiness = (*Manager)(nil)
)

// Ready answers nil when the store answers, else an error that wraps
// ports.ErrStoreUnavailable.
func (m *Manager) Ready(ctx context.Context) error {
	if probe, ok := m.records.store.(ports.StoreReadiness); ok {
		return unavailable(probe.Ready(ctx))
	}
	_, err := m.records.store.Find(ctx, "ready")
	if errors.Is(err, ports.ErrNoRecord) {
		return nil
	}
	return unavailable(err)
}

// unavailable makes sure that a store's error says so, whatever it was.
func unavailable(err error) error {
	if err == nil || errors.Is(err, ports.ErrStoreUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", ports.ErrStoreUnavailable, err)
}
