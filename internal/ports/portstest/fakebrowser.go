package portstest

import (
	"context"
	"slices"
	"sync"

	"webapp/internal/ports"
)

// FakeBrowser is one browser of a FakeSessions. It is safe for concurrent use.
type FakeBrowser struct {
	sessions *FakeSessions

	mu      sync.Mutex
	token   string
	pending []ports.PendingSignIn // the newest last
}

// fakeExchange is one request: like a real one it goes on with the session
// that the browser had when it was sent.
type fakeExchange struct {
	browser *FakeBrowser
	token   string
}

type fakeExchangeKey struct{ f *FakeSessions }

// NewBrowser returns a browser that holds nothing yet.
func (f *FakeSessions) NewBrowser() *FakeBrowser { return &FakeBrowser{sessions: f} }

// Context returns parent with one request of this browser in it. The next
// request takes another call.
func (b *FakeBrowser) Context(parent context.Context) context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	return context.WithValue(parent, fakeExchangeKey{b.sessions}, &fakeExchange{browser: b, token: b.token})
}

// Do implements Browser.
func (b *FakeBrowser) Do(ctx context.Context, exchange func(ctx context.Context)) {
	exchange(b.Context(ctx))
}

// Clone implements Browser.
func (b *FakeBrowser) Clone() Browser {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &FakeBrowser{sessions: b.sessions, token: b.token, pending: slices.Clone(b.pending)}
}

// SignedIn reports whether the browser holds a session token, dead or alive.
func (b *FakeBrowser) SignedIn() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.token != ""
}

// Pending returns how many sign-ins the browser has pending.
func (b *FakeBrowser) Pending() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.pending)
}

func (b *FakeBrowser) setToken(token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.token = token
}

func (b *FakeBrowser) keep(p ports.PendingSignIn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending = append(b.pending, p)
	if over := len(b.pending) - fakeMaxPending; over > 0 {
		b.pending = slices.Delete(b.pending, 0, over)
	}
}

func (b *FakeBrowser) take(state string) (ports.PendingSignIn, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.pending, func(p ports.PendingSignIn) bool { return p.State == state })
	if i < 0 {
		return ports.PendingSignIn{}, false
	}
	p := b.pending[i]
	b.pending = slices.Delete(b.pending, i, i+1)
	return p, true
}
