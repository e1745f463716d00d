package session

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"webapp/internal/ports"
)

// maxCookie bounds name and value of a cookie together. Browsers keep 4096
// bytes, of which the attributes need some (RFC 6265, section 6.1).
const maxCookie = 4000

var errPendingTooLarge = errors.New("session: pending sign-in does not fit into a cookie")

// Keep seals p into a cookie of its own, and deletes the oldest cookies if there
// are too many. It does not use the store. It returns an error if p does not fit
// into a cookie; about 2.7 kB fit.
func (m *Manager) Keep(ctx context.Context, p ports.PendingSignIn) error {
	req, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer req.mu.Unlock()
	kept := pendingCookie{name: m.pendingName(p.State), expires: p.Expires}
	if kept.value, err = sealPending(req.keys, kept.name, &p); err != nil {
		return err
	}
	if kept.size() > maxCookie {
		return errPendingTooLarge
	}
	gone := overflow(kept, m.pendingCookies(req))
	for _, name := range gone[:min(len(gone), maxDeletions)] {
		req.set(m.cookies.make(name, "", -1))
	}
	req.set(m.cookies.make(kept.name, kept.value, p.Expires.Sub(m.clock())))
	return nil
}

// pendingName returns the cookie name for a state. Two tabs never share one.
func (m *Manager) pendingName(state string) string {
	sum := sha256.Sum256([]byte(state))
	return m.cookies.pending + base64.RawURLEncoding.EncodeToString(sum[:12])
}

func sealPending(keys *sealer, name string, p *ports.PendingSignIn) (string, error) {
	plain, err := encodePending(p)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(keys.seal(inCookie, name, plain)), nil
}

func openPending(keys *sealer, name, value string) (ports.PendingSignIn, bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return ports.PendingSignIn{}, false
	}
	plain, ok := keys.open(inCookie, name, sealed)
	if !ok {
		return ports.PendingSignIn{}, false
	}
	p, err := decodePending(plain)
	return p, err == nil
}

// clockSkew is how far the clocks of two instances may differ. The store keeps the
// marks of used states and identifiers for that much longer.
const clockSkew = 5 * time.Minute

// Take opens the cookie of this state and marks the state as spent in the store,
// and thus for every instance, before it returns. If the browser has no such
// cookie, it writes nothing.
func (m *Manager) Take(ctx context.Context, state string) (ports.PendingSignIn, error) {
	req, err := m.enter(ctx)
	if err != nil {
		return ports.PendingSignIn{}, err
	}
	defer req.mu.Unlock()
	name := m.pendingName(state)
	p, ok := m.findPending(req, name)
	if !ok {
		return ports.PendingSignIn{}, m.missing(ctx, state)
	}
	_, err = m.records.create(ctx, entry{key: spentKey(state), expires: p.Expires.Add(clockSkew)})
	spent := errors.Is(err, ports.ErrRecordExists)
	if err != nil && !spent {
		return ports.PendingSignIn{ReturnTo: p.ReturnTo}, err
	}
	req.set(m.cookies.make(name, "", -1))
	if spent {
		return ports.PendingSignIn{State: p.State, ReturnTo: p.ReturnTo}, ports.ErrPendingSpent
	}
	return p, nil
}

// findPending returns the pending sign-in in the browser's cookie of this name.
// It skips cookies that do not open: another site can have set them.
func (m *Manager) findPending(req *browserRequest, name string) (ports.PendingSignIn, bool) {
	for _, c := range req.cookies(name) {
		if p, ok := openPending(req.keys, name, c.Value); ok {
			return p, true
		}
	}
	return ports.PendingSignIn{}, false
}

// missing returns the error of Take for a state without a cookie:
// ports.ErrPendingSpent if the state was taken before, otherwise
// ports.ErrNoPendingSignIn.
func (m *Manager) missing(ctx context.Context, state string) error {
	err := m.records.exists(ctx, spentKey(state))
	if err == nil {
		return ports.ErrPendingSpent
	}
	if errors.Is(err, ports.ErrNoRecord) {
		return ports.ErrNoPendingSignIn
	}
	return err
}

// RecordOutcome implements ports.PendingSignIns. The outcome becomes the value
// of the record that marks the state as spent.
func (m *Manager) RecordOutcome(ctx context.Context, p ports.PendingSignIn, outcome []byte) error {
	ctx = m.withKeys(ctx)
	key := spentKey(p.State)
	found, err := m.records.find(ctx, key)
	if err != nil || len(found.value) > 0 {
		return err
	}
	_, err = m.records.replace(ctx, entry{key: key, value: outcome, expires: p.Expires.Add(clockSkew)}, found.version)
	if errors.Is(err, ports.ErrRecordChanged) { // another call was first
		return nil
	}
	return err
}

// Outcome implements ports.PendingSignIns.
func (m *Manager) Outcome(ctx context.Context, state string) ([]byte, error) {
	found, err := m.records.find(ctx, spentKey(state))
	switch {
	case errors.Is(err, ports.ErrNoRecord), err == nil && len(found.value) == 0:
		return nil, ports.ErrNoOutcome
	case err != nil:
		return nil, err
	}
	return found.value, nil
}

const (
	// maxPending is how many sign-ins can be pending in one browser.
	maxPending = 8
	// maxPendingBytes limits the size of the pending sign-ins in the Cookie header.
	// Many servers and proxies refuse headers over 8 kB.
	maxPendingBytes = 6 << 10
	// minPending is the number of pending sign-ins that are kept even beyond
	// maxPendingBytes. With the longest return paths they take almost 9 kB.
	minPending = 5
	// maxDeletions bounds the cookies that one response deletes, because each
	// deletion searches all cookies of the response. The next sign-in deletes more
	// of them.
	maxDeletions = 20
)

// pendingCookie is the cookie of a pending sign-in.
type pendingCookie struct {
	name, value string
	expires     time.Time // zero if the value does not open
}

// size returns how many bytes the cookie adds to the Cookie header.
func (c pendingCookie) size() int { return len(c.name) + len("=") + len(c.value) + len("; ") }

// overflow returns the names of the cookies to delete when kept is added. The
// oldest sign-ins are deleted, and before them cookies that do not open.
func overflow(kept pendingCookie, others []pendingCookie) []string {
	slices.SortStableFunc(others, func(a, b pendingCookie) int {
		return cmp.Or(b.expires.Compare(a.expires), cmp.Compare(a.name, b.name))
	})
	count, size := 1, kept.size()
	var gone []string
	for _, c := range others {
		if c.name == kept.name {
			continue
		}
		if count == maxPending || count >= minPending && size+c.size() > maxPendingBytes {
			gone = append(gone, c.name)
			continue
		}
		count++
		size += c.size()
	}
	return gone
}

// pendingCookies returns the browser's cookies of pending sign-ins.
func (m *Manager) pendingCookies(req *browserRequest) []pendingCookie {
	var list []pendingCookie
	add := func(c *http.Cookie) {
		if strings.HasPrefix(c.Name, m.cookies.pending) && c.Value != "" {
			p, _ := openPending(req.keys, c.Name, c.Value)
			list = append(list, pendingCookie{name: c.Name, value: c.Value, expires: p.Expires})
		}
	}
	for _, c := range req.request.Cookies() {
		if _, ok := req.written[c.Name]; !ok {
			add(c)
		}
	}
	for _, c := range req.written {
		add(c)
	}
	return list
}
