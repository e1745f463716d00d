package portstest

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"webapp/internal/ports"
)

// The bounds of the fake are those of a real browser-shaped adapter.
const (
	fakePendingLife = 15 * time.Minute
	fakeMaxPending  = 8
)

// FakeSessions implements ports.Sessions, ports.Grants, ports.PendingSignIns
// and ports.StoreReadiness in memory, for tests of what stands on these ports.
// It is safe for concurrent use and passes the same suites as a real adapter.
type FakeSessions struct {
	clock func() time.Time

	mu       sync.Mutex
	down     bool
	sessions map[string]*fakeSession
	spent    map[string]bool
}

type fakeSession struct {
	session ports.Session
	grant   ports.Grant
}

var (
	_ ports.Sessions       = (*FakeSessions)(nil)
	_ ports.Grants         = (*FakeSessions)(nil)
	_ ports.PendingSignIns = (*FakeSessions)(nil)
	_ ports.StoreReadiness = (*FakeSessions)(nil)
)

// NewFakeSessions answers a fake that tells the time by clock.
func NewFakeSessions(clock func() time.Time) *FakeSessions {
	return &FakeSessions{clock: clock, sessions: map[string]*fakeSession{}, spent: map[string]bool{}}
}

// SetDown makes every method that needs the store fail with
// ports.ErrStoreUnavailable, until it is called with false.
func (f *FakeSessions) SetDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// Len answers how many sessions live.
func (f *FakeSessions) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions)
}

// Ready answers nil unless the fake is down.
func (f *FakeSessions) Ready(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reach()
}

// Start implements ports.Sessions.
func (f *FakeSessions) Start(ctx context.Context, s ports.Session, g ports.Grant) error {
	ex, err := f.enter(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	if err := f.reach(); err != nil {
		return err
	}
	delete(f.sessions, ex.token)
	ex.token = rand.Text()
	f.sessions[ex.token] = &fakeSession{session: cloneSession(s), grant: cloneGrant(g)}
	ex.browser.setToken(ex.token)
	return nil
}

// Current implements ports.Sessions.
func (f *FakeSessions) Current(ctx context.Context) (ports.Session, error) {
	ex, err := f.enter(ctx)
	if err != nil {
		return ports.Session{}, err
	}
	defer f.mu.Unlock()
	live, err := f.live(ex)
	if err != nil {
		return ports.Session{}, err
	}
	return cloneSession(live.session), nil
}

// Touch implements ports.Sessions.
func (f *FakeSessions) Touch(ctx context.Context, seen, expires time.Time) error {
	ex, err := f.enter(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	live, err := f.live(ex)
	if err != nil {
		return err
	}
	live.session.Seen, live.session.Expires = seen, expires
	return nil
}

// End implements ports.Sessions.
func (f *FakeSessions) End(ctx context.Context) error {
	ex, err := f.enter(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	if ex.token == "" {
		return nil
	}
	if err := f.reach(); err != nil {
		return err
	}
	delete(f.sessions, ex.token)
	ex.token = ""
	ex.browser.setToken("")
	return nil
}

// Grant implements ports.Grants.
func (f *FakeSessions) Grant(ctx context.Context) (ports.Grant, error) {
	ex, err := f.enter(ctx)
	if err != nil {
		return ports.Grant{}, err
	}
	defer f.mu.Unlock()
	live, err := f.live(ex)
	if err != nil {
		return ports.Grant{}, err
	}
	return cloneGrant(live.grant), nil
}

// SaveGrant implements ports.Grants.
func (f *FakeSessions) SaveGrant(ctx context.Context, g ports.Grant) error {
	ex, err := f.enter(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	live, err := f.live(ex)
	if err != nil {
		return err
	}
	live.grant = cloneGrant(g)
	return nil
}

// enter answers the exchange of ctx and takes the lock.
func (f *FakeSessions) enter(ctx context.Context) (*fakeExchange, error) {
	ex, ok := ctx.Value(fakeExchangeKey{f}).(*fakeExchange)
	if !ok {
		return nil, ports.ErrNoBrowser
	}
	f.mu.Lock()
	return ex, nil
}

func (f *FakeSessions) reach() error {
	if f.down {
		return ports.ErrStoreUnavailable
	}
	return nil
}

// live answers the exchange's session.
func (f *FakeSessions) live(ex *fakeExchange) (*fakeSession, error) {
	if ex.token == "" {
		return nil, ports.ErrNoSession
	}
	if err := f.reach(); err != nil {
		return nil, err
	}
	s, ok := f.sessions[ex.token]
	if !ok || !f.clock().Before(s.session.Expires) {
		return nil, ports.ErrNoSession
	}
	return s, nil
}

func cloneSession(s ports.Session) ports.Session {
	s.Identity.Roles = slices.Clone(s.Identity.Roles)
	return s
}

func cloneGrant(g ports.Grant) ports.Grant {
	g.AccessTokens = slices.Clone(g.AccessTokens)
	g.Claims = slices.Clone(g.Claims)
	return g
}
