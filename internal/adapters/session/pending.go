package session

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"time"

	"webapp/internal/ports"
)

const (
	// pendingLife is how long a browser keeps a sign-in that does not come
	// back.
	pendingLife = 15 * time.Minute
	// clockSkew is how far the clocks of two instances may differ before a
	// mark "spent" runs out earlier than the cookie that it guards against.
	clockSkew = 5 * time.Minute
	// maxState bounds the states that are worth a look into the store.
	maxState = 128
)

// Take opens the cookie of this state and marks the state as spent, in the
// store and thus for every instance, before it returns. A stranger's state
// writes nothing.
func (m *Manager) Take(ctx context.Context, state string) (ports.PendingSignIn, error) {
	ex, err := m.enter(ctx)
	if err != nil {
		return ports.PendingSignIn{}, err
	}
	defer ex.mu.Unlock()
	if state == "" || len(state) > maxState {
		return ports.PendingSignIn{}, ports.ErrNoPendingSignIn
	}
	name := m.pendingName(state)
	p, ok := m.openPending(ex, name, state)
	if !ok {
		return ports.PendingSignIn{}, m.absent(ctx, state)
	}
	over := p.Began.Add(pendingLife)
	if !m.clock().Before(over) {
		ex.set(m.cookies.make(name, "", -1))
		return ports.PendingSignIn{}, ports.ErrNoPendingSignIn
	}
	_, err = m.records.create(ctx, entry{key: spentKey(state), expires: over.Add(clockSkew)})
	spent := errors.Is(err, ports.ErrRecordExists)
	if err != nil && !spent {
		return ports.PendingSignIn{ReturnTo: p.ReturnTo}, err
	}
	ex.set(m.cookies.make(name, "", -1))
	if spent {
		return ports.PendingSignIn{}, ports.ErrPendingSpent
	}
	return p, nil
}

// absent tells a state that was taken before from one that never was here.
func (m *Manager) absent(ctx context.Context, state string) error {
	err := m.records.exists(ctx, spentKey(state))
	if err == nil {
		return ports.ErrPendingSpent
	}
	if errors.Is(err, ports.ErrNoRecord) {
		return ports.ErrNoPendingSignIn
	}
	return err
}

// openPending returns the pending sign-in that the browser holds under name.
// What does not open, or holds another state, counts as not there.
func (m *Manager) openPending(ex *exchange, name, state string) (ports.PendingSignIn, bool) {
	for _, value := range ex.values(name) {
		p, ok := m.unsealPending(name, value)
		if ok && subtle.ConstantTimeCompare([]byte(p.State), []byte(state)) == 1 {
			return p, true
		}
	}
	return ports.PendingSignIn{}, false
}

// pendingName is the cookie name for a state: two tabs never share one.
func (m *Manager) pendingName(state string) string {
	sum := sha256.Sum256([]byte(state))
	return m.cookies.pending + base64.RawURLEncoding.EncodeToString(sum[:12])
}
