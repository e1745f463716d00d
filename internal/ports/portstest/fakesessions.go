package portstest

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"webapp/internal/ports"
)

// fakeMaxPending is how many sign-ins can be pending in one browser, as with the
// real adapter.
const fakeMaxPending = 8

// FakeSessions implements the session ports in memory, for tests of what
// stands on them. It is safe for concurrent use and passes the same suites as
// a real adapter.
type FakeSessions struct {
	clock func() time.Time

	mu       sync.Mutex
	down     bool
	sessions map[string]*fakeSession // by token
	spent    map[string]bool         // states of pending sign-ins
	outcomes map[string][]byte       // by state
	oneTime  map[string]time.Time
}

type fakeSession struct {
	id      string
	session ports.Session
	claims  []ports.Claim
	grant   ports.Tokens
	lease   *fakeLease
}

// fakeLease is compared by its address.
type fakeLease struct{ until time.Time }

var (
	_ ports.SessionManager = (*FakeSessions)(nil)
	_ ports.StoreReadiness = (*FakeSessions)(nil)
)

// NewFakeSessions returns a fake that tells the time by clock.
func NewFakeSessions(clock func() time.Time) *FakeSessions {
	return &FakeSessions{
		clock:    clock,
		sessions: map[string]*fakeSession{},
		spent:    map[string]bool{},
		outcomes: map[string][]byte{},
		oneTime:  map[string]time.Time{},
	}
}

// SetDown makes every method that needs the store fail with
// ports.ErrStoreUnavailable, until it is called with false.
func (f *FakeSessions) SetDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// Len returns how many sessions are held, those included that have run out.
func (f *FakeSessions) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions)
}

// Ready returns nil unless the fake is down.
func (f *FakeSessions) Ready(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reach()
}

// Start implements ports.Sessions.
func (f *FakeSessions) Start(ctx context.Context, n ports.NewSession) ([]ports.Session, error) {
	ex, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	if err := f.reach(); err != nil {
		return nil, err
	}
	ended := f.endToken(ex.token)
	ex.token = rand.Text()
	f.sessions[ex.token] = &fakeSession{
		id:      rand.Text(),
		session: cloneSession(n.Session),
		claims:  slices.Clone(n.Claims),
		grant:   cloneGrant(n.Tokens),
	}
	ex.browser.setToken(ex.token)
	return ended, nil
}

// Current implements ports.Sessions.
func (f *FakeSessions) Current(ctx context.Context) (ports.Session, error) {
	ex, err := f.enter(ctx)
	if err != nil {
		return ports.Session{}, err
	}
	defer f.mu.Unlock()
	s, err := f.live(ex.token)
	if s == nil {
		return ports.Session{}, err
	}
	return cloneSession(s.session), err
}

// Touch implements ports.Sessions.
func (f *FakeSessions) Touch(ctx context.Context, seen, expires time.Time) error {
	_, live, err := f.enterLive(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	live.session.Seen, live.session.Expires = seen, expires
	return nil
}

// UpdateRoles implements ports.Sessions.
func (f *FakeSessions) UpdateRoles(ctx context.Context, roles []string) error {
	_, live, err := f.enterLive(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	live.session.Identity.Roles = slices.Clone(roles)
	return nil
}

// End implements ports.Sessions.
func (f *FakeSessions) End(ctx context.Context) ([]ports.Session, error) {
	ex, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	if ex.token == "" {
		return nil, nil
	}
	if err := f.reach(); err != nil {
		return nil, err
	}
	ended := f.endToken(ex.token)
	ex.token = ""
	ex.browser.setToken("")
	return ended, nil
}

// endToken removes the session of a token, live or expired, and returns it.
func (f *FakeSessions) endToken(token string) []ports.Session {
	s, ok := f.sessions[token]
	if !ok {
		return nil
	}
	delete(f.sessions, token)
	return []ports.Session{s.session}
}

// enter returns the exchange of ctx and takes the lock.
func (f *FakeSessions) enter(ctx context.Context) (*fakeExchange, error) {
	ex, ok := ctx.Value(fakeExchangeKey{f}).(*fakeExchange)
	if !ok {
		return nil, ports.ErrNoBrowser
	}
	f.mu.Lock()
	return ex, nil
}

// enterLive returns the exchange's session as well. It holds the lock only
// where it returns no error.
func (f *FakeSessions) enterLive(ctx context.Context) (*fakeExchange, *fakeSession, error) {
	ex, err := f.enter(ctx)
	if err != nil {
		return nil, nil, err
	}
	live, err := f.live(ex.token)
	if err != nil {
		f.mu.Unlock()
		return nil, nil, err
	}
	return ex, live, nil
}

func (f *FakeSessions) reach() error {
	if f.down {
		return ports.ErrStoreUnavailable
	}
	return nil
}

// live returns the session of a token; one that has run out comes with
// ports.ErrSessionExpired.
func (f *FakeSessions) live(token string) (*fakeSession, error) {
	if token == "" {
		return nil, ports.ErrNoSession
	}
	if err := f.reach(); err != nil {
		return nil, err
	}
	s, ok := f.sessions[token]
	if !ok {
		return nil, ports.ErrNoSession
	}
	if f.expired(s) {
		return s, ports.ErrSessionExpired
	}
	return s, nil
}

func (f *FakeSessions) expired(s *fakeSession) bool { return !f.clock().Before(s.session.Expires) }

func cloneSession(s ports.Session) ports.Session {
	s.Identity.Roles = slices.Clone(s.Identity.Roles)
	return s
}
