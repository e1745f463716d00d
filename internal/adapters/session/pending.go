package session

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"webapp/internal/ports"
)

// maxCookie is what every browser keeps in one cookie, name and value together
// (RFC 6265, section 6.1), less its attributes.
const maxCookie = 4000

// errPendingTooLarge: a cookie that the browser would drop without a word.
var errPendingTooLarge = errors.New("session: pending sign-in does not fit into a cookie")

// Keep seals p into a cookie of its own and drops the oldest where there are
// too many. It asks nothing of the store. A p that is larger than a cookie can
// be is an error; about 2.7 kB fit.
func (m *Manager) Keep(ctx context.Context, p ports.PendingSignIn) error {
	req, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer req.mu.Unlock()
	kept := pendingCookie{name: m.pendingName(p.State), began: p.Began.UnixMilli()}
	if kept.value, err = m.sealPending(kept.name, &p); err != nil {
		return err
	}
	if kept.size() > maxCookie {
		return errPendingTooLarge
	}
	gone := overflow(kept, req.pendingCookies(m.cookies.pending))
	for _, name := range gone[:min(len(gone), maxDeletions)] {
		req.set(m.cookies.make(name, "", -1))
	}
	req.set(m.cookies.make(kept.name, kept.value, pendingLife))
	return nil
}

// sealPending writes the value of a pending sign-in's cookie: when it began, in
// plain text, and the sealed rest. The plain time only orders cookies; the one
// that counts is sealed.
func (m *Manager) sealPending(name string, p *ports.PendingSignIn) (string, error) {
	plain, err := encodePending(p)
	if err != nil {
		return "", err
	}
	sealed := m.seal.seal(inCookie, name, plain)
	return strconv.FormatInt(p.Began.UnixMilli(), 36) + "." + base64.RawURLEncoding.EncodeToString(sealed), nil
}

func (m *Manager) unsealPending(name, value string) (ports.PendingSignIn, bool) {
	_, text, _ := strings.Cut(value, ".")
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return ports.PendingSignIn{}, false
	}
	plain, ok := m.seal.open(inCookie, name, sealed)
	if !ok {
		return ports.PendingSignIn{}, false
	}
	p, err := decodePending(plain)
	return p, err == nil
}

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
	req, err := m.enter(ctx)
	if err != nil {
		return ports.PendingSignIn{}, err
	}
	defer req.mu.Unlock()
	if state == "" || len(state) > maxState {
		return ports.PendingSignIn{}, ports.ErrNoPendingSignIn
	}
	name := m.pendingName(state)
	p, ok := m.openPending(req, name, state)
	if !ok {
		return ports.PendingSignIn{}, m.absent(ctx, state)
	}
	over := p.Began.Add(pendingLife)
	if !m.clock().Before(over) {
		req.set(m.cookies.make(name, "", -1))
		return ports.PendingSignIn{}, ports.ErrNoPendingSignIn
	}
	_, err = m.records.create(ctx, entry{key: spentKey(state), expires: over.Add(clockSkew)})
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

// RecordOutcome implements ports.PendingSignIns. The outcome is the value of the mark
// that the state is spent.
func (m *Manager) RecordOutcome(ctx context.Context, state string, outcome []byte) error {
	found, err := m.records.find(ctx, spentKey(state))
	if err != nil || len(found.value) > 0 {
		return err
	}
	spent := entry{key: spentKey(state), value: outcome, expires: m.clock().Add(pendingLife + clockSkew)}
	_, err = m.records.replace(ctx, spent, found.version)
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
func (m *Manager) openPending(req *browserRequest, name, state string) (ports.PendingSignIn, bool) {
	for _, value := range req.values(name) {
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

const (
	// maxPending is how many sign-ins may be pending in one browser.
	maxPending = 8
	// maxPendingBytes bounds their part of the Cookie header; servers and
	// proxies commonly refuse headers beyond 8 kB.
	maxPendingBytes = 6 << 10
	// minPending are kept whatever they take: not quite 9 kB with the longest
	// return paths there are.
	minPending = 5
	// maxDeletions bounds the cookies that one response deletes: the browser of a
	// person holds a few more than maxPending, and each deletion goes through all
	// cookies of the response. The next sign-in deletes more.
	maxDeletions = 20
)

// pendingCookie is a pending sign-in as the browser holds it.
type pendingCookie struct {
	name, value string
	began       int64 // milliseconds; 0 for what was not written here
}

// size is what the cookie adds to the Cookie header.
func (c pendingCookie) size() int { return len(c.name) + len("=") + len(c.value) + len("; ") }

// overflow returns the names of the cookies that have to go for kept to stay.
func overflow(kept pendingCookie, others []pendingCookie) []string {
	for i := range others {
		// A time that has not come yet was not written here and must not
		// outlast those that were.
		if others[i].began > kept.began+clockSkew.Milliseconds() {
			others[i].began = 0
		}
	}
	slices.SortStableFunc(others, func(a, b pendingCookie) int { return cmp.Compare(b.began, a.began) })
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

// pendingCookies returns the pending sign-ins that the browser holds.
func (req *browserRequest) pendingCookies(prefix string) []pendingCookie {
	var list []pendingCookie
	add := func(name, value string) {
		if strings.HasPrefix(name, prefix) && value != "" {
			list = append(list, pendingCookie{name: name, value: value, began: parseBegan(value)})
		}
	}
	for _, c := range req.request.Cookies() {
		if _, ok := req.written[c.Name]; !ok {
			add(c.Name, c.Value)
		}
	}
	for name, value := range req.written {
		add(name, value)
	}
	return list
}

// parseBegan reads the open part of a value; what has none counts as oldest.
func parseBegan(value string) int64 {
	text, _, _ := strings.Cut(value, ".")
	ms, err := strconv.ParseInt(text, 36, 64)
	if err != nil {
		return 0
	}
	return ms
}
