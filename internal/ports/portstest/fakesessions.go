package portstest

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"webapp/internal/ports"
)

// fakeMaxPending is how many pending sign-ins one browser can have, as with the real
// adapter.
const fakeMaxPending = 8

// FakeSessions is a session manager in memory, for tests of the domain and of inbound
// adapters. It passes the same suites as a real adapter, and is safe for concurrent
// use.
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
	tokens  ports.Tokens
	lease   *fakeLease
}

// fakeLease is a lease. Its address identifies it.
type fakeLease struct{ until time.Time }

var (
	_ ports.SessionManager = (*FakeSessions)(nil)
	_ ports.StoreReadiness = (*FakeSessions)(nil)
)

// NewFakeSessions returns a session manager without sessions.
func NewFakeSessions(clock func() time.Time) *FakeSessions {
	return &FakeSessions{
		clock:    clock,
		sessions: map[string]*fakeSession{},
		spent:    map[string]bool{},
		outcomes: map[string][]byte{},
		oneTime:  map[string]time.Time{},
	}
}

// SetDown makes methods that need the store fail with ports.ErrStoreUnavailable (true)
// or work again (false).
func (f *FakeSessions) SetDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// Len returns the number of sessions, expired ones included.
func (f *FakeSessions) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions)
}

// Ready implements ports.StoreReadiness.
func (f *FakeSessions) Ready(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reach()
}

// Start implements ports.Sessions.
func (f *FakeSessions) Start(ctx context.Context, n ports.NewSession, withTokens bool) ([]ports.EndedSession, error) {
	req, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	if err := f.reach(); err != nil {
		return nil, err
	}
	ended := f.endToken(req.token, withTokens)
	req.token = rand.Text()
	f.sessions[req.token] = &fakeSession{
		id:      rand.Text(),
		session: cloneSession(n.Session),
		claims:  slices.Clone(n.Claims),
		tokens:  cloneTokens(n.Tokens),
	}
	req.browser.setToken(req.token)
	return ended, nil
}

// Current implements ports.Sessions.
func (f *FakeSessions) Current(ctx context.Context) (ports.Session, error) {
	req, err := f.enter(ctx)
	if err != nil {
		return ports.Session{}, err
	}
	defer f.mu.Unlock()
	s, err := f.live(req.token)
	if s == nil {
		return ports.Session{}, err
	}
	return cloneSession(s.session), err
}

// Touch implements ports.Sessions.
func (f *FakeSessions) Touch(ctx context.Context, seen, expires time.Time) error {
	live, err := f.enterLive(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	live.session.Seen, live.session.Expires = seen, expires
	return nil
}

// UpdateMemberships implements ports.Sessions.
func (f *FakeSessions) UpdateMemberships(ctx context.Context, roles, groups []string) error {
	live, err := f.enterLive(ctx)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	live.session.Identity.Roles, live.session.Groups = slices.Clone(roles), slices.Clone(groups)
	return nil
}

// End implements ports.Sessions.
func (f *FakeSessions) End(ctx context.Context, withTokens bool) ([]ports.EndedSession, error) {
	req, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	if req.token == "" {
		return nil, nil
	}
	if err := f.reach(); err != nil {
		return nil, err
	}
	ended := f.endToken(req.token, withTokens)
	req.token = ""
	req.browser.setToken("")
	return ended, nil
}

// HandOver implements ports.SessionHandOver.
func (f *FakeSessions) HandOver(ctx context.Context) (give func(context.Context) error, err error) {
	req, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	token := req.token
	if token == "" {
		return nil, ports.ErrNoSession
	}
	return func(ctx context.Context) error {
		other, err := f.enter(ctx)
		if err != nil {
			return err
		}
		defer f.mu.Unlock()
		other.token = token
		other.browser.setToken(token)
		return nil
	}, nil
}

// endToken removes and returns the session of a token, also an expired one.
func (f *FakeSessions) endToken(token string, withTokens bool) []ports.EndedSession {
	s, ok := f.sessions[token]
	if !ok {
		return nil
	}
	delete(f.sessions, token)
	return []ports.EndedSession{{Session: s.session, RefreshToken: s.lastToken(withTokens)}}
}

// lastToken returns the refresh token of a session that has ended, if it is wanted.
func (s *fakeSession) lastToken(wanted bool) string {
	if !wanted {
		return ""
	}
	return s.tokens.RefreshToken
}

// enter returns the request in ctx and locks f.mu, unless it returns an error.
func (f *FakeSessions) enter(ctx context.Context) (*fakeRequest, error) {
	req, ok := ctx.Value(fakeRequestKey{f}).(*fakeRequest)
	if !ok {
		return nil, ports.ErrNoBrowser
	}
	f.mu.Lock()
	return req, nil
}

// enterLive returns the session of the request in ctx and locks f.mu, unless it
// returns an error.
func (f *FakeSessions) enterLive(ctx context.Context) (*fakeSession, error) {
	req, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	live, err := f.live(req.token)
	if err != nil {
		f.mu.Unlock()
		return nil, err
	}
	return live, nil
}

func (f *FakeSessions) reach() error {
	if f.down {
		return ports.ErrStoreUnavailable
	}
	return nil
}

// live returns the session of a token. If it has expired, live returns it with
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
	s.Identity.Roles, s.Groups = slices.Clone(s.Identity.Roles), slices.Clone(s.Groups)
	return s
}
