package session

import (
	"context"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"

	"webapp/internal/ports"
)

// Manager is the session adapter. It is safe for concurrent use. Those of its
// methods that work on a browser find it in their context, where Middleware put
// it, and answer ports.ErrNoBrowser where there is none.
type Manager struct {
	records  *records
	seal     *sealer
	scs      *scs.SessionManager
	cookies  cookieJar
	clock    func() time.Time
	lifetime time.Duration
}

var (
	_ ports.Sessions         = (*Manager)(nil)
	_ ports.Grants           = (*Manager)(nil)
	_ ports.PendingSignIns   = (*Manager)(nil)
	_ ports.SessionDirectory = (*Manager)(nil)
	_ ports.OneTimeIDs       = (*Manager)(nil)
	_ ports.StoreReadiness   = (*Manager)(nil)

	_ ports.SessionReferences = (*Manager)(nil)
)

// Ready returns nil when the store answers, else an error that wraps
// ports.ErrStoreUnavailable.
func (m *Manager) Ready(ctx context.Context) error {
	if probe, ok := m.records.store.(ports.StoreReadiness); ok {
		limited, cancel := m.records.limited(ctx)
		defer cancel()
		return unavailable(probe.Ready(limited))
	}
	err := m.records.exists(ctx, "ready")
	if errors.Is(err, ports.ErrNoRecord) {
		return nil
	}
	return unavailable(err)
}
