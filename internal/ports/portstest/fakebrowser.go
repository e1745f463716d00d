package portstest

import (
	"context"
	"slices"
	"sync"

	"webapp/internal/ports"
)

// FakeBrowser is a browser that uses a FakeSessions. It is safe for concurrent use.
type FakeBrowser struct {
	sessions *FakeSessions

	mu      sync.Mutex
	token   string
	pending []ports.PendingSignIn // newest last
}

// fakeRequest is one request of a browser. It keeps the session token that the browser
// had when the request began.
type fakeRequest struct {
	browser *FakeBrowser
	token   string
}

type fakeRequestKey struct{ f *FakeSessions }

// NewBrowser returns a browser without a session.
func (f *FakeSessions) NewBrowser() *FakeBrowser { return &FakeBrowser{sessions: f} }

// Context returns a context for one request of this browser. Call it again for the
// next request.
func (b *FakeBrowser) Context(parent context.Context) context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	return context.WithValue(parent, fakeRequestKey{b.sessions}, &fakeRequest{browser: b, token: b.token})
}

// Do implements Browser.
func (b *FakeBrowser) Do(ctx context.Context, request func(ctx context.Context)) {
	request(b.Context(ctx))
}

// Clone implements Browser.
func (b *FakeBrowser) Clone() Browser {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &FakeBrowser{sessions: b.sessions, token: b.token, pending: slices.Clone(b.pending)}
}

// SignedIn reports whether the browser has a session token, also of an ended session.
func (b *FakeBrowser) SignedIn() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.token != ""
}

// Pending returns the number of the browser's pending sign-ins.
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
