package portstest

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"webapp/internal/ports"
)

// FakeProvider is an identity provider in memory, for tests of what stands
// above the port. It has every optional ability and is safe for concurrent
// use.
type FakeProvider struct {
	now func() time.Time

	mu       sync.Mutex
	serial   int
	down     bool
	loaded   bool
	sealed   map[string]fakeSignIn // by secret
	codes    map[string]fakeCode
	refresh  map[string]bool
	issued   map[string]bool // access tokens
	logouts  map[string]ports.LogoutToken
	groups   ports.Groups
	memberOf []string
	lookups  int
	// memberships are what a refresh brings, and gone lets it fail.
	memberships *ports.Memberships
	gone        bool
	requests    []ports.AuthorizationRequest
	calls       int
	renewed     int
}

type fakeSignIn struct {
	nonce  string
	scopes []string
}

type fakeCode struct {
	nonce    string
	identity ports.Identity
}

// FakeIssuer is the issuer of a FakeProvider.
const FakeIssuer = "https://provider.example"

// NewFakeProvider returns a provider that tells the time by now.
func NewFakeProvider(now func() time.Time) *FakeProvider {
	return &FakeProvider{
		now:     now,
		sealed:  make(map[string]fakeSignIn),
		codes:   make(map[string]fakeCode),
		refresh: make(map[string]bool),
		issued:  make(map[string]bool),
		logouts: make(map[string]ports.LogoutToken),
	}
}

// Down makes every call that would need the network fail, or work again.
func (f *FakeProvider) Down(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// Requests returns what each Begin has asked for so far.
func (f *FakeProvider) Requests() []ports.AuthorizationRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// Completions is how often Complete has been called.
func (f *FakeProvider) Completions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Refreshes is how often Refresh has been called.
func (f *FakeProvider) Refreshes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.renewed
}

// RevokeRefreshTokens makes every refresh token so far worthless.
func (f *FakeProvider) RevokeRefreshTokens() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.refresh)
}

// Approve returns the callback of a person who signs in as who. An empty
// issuer and subject are filled in.
func (f *FakeProvider) Approve(authorizationURL string, who ports.Identity) ports.Callback {
	f.mu.Lock()
	defer f.mu.Unlock()
	query := fakeQuery(authorizationURL)
	if who.Issuer == "" {
		who.Issuer = FakeIssuer
	}
	if who.Subject == "" {
		who.Subject = "subject-of-" + who.Name
	}
	code := f.next("code")
	f.codes[code] = fakeCode{nonce: query.Get("nonce"), identity: who}
	return ports.Callback{State: query.Get("state"), Code: code}
}

// Decline returns the callback of a person who says no.
func (f *FakeProvider) Decline(authorizationURL string) ports.Callback {
	return ports.Callback{
		State:            fakeQuery(authorizationURL).Get("state"),
		Error:            "access_denied",
		ErrorDescription: "AADSTS65004: User declined to consent to access the app.",
		ErrorSubcode:     "cancel",
	}
}

func fakeQuery(text string) url.Values {
	_, query, _ := strings.Cut(text, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return url.Values{}
	}
	return values
}

// next returns a value that was not there before; f.mu is held.
func (f *FakeProvider) next(kind string) string {
	f.serial++
	return fmt.Sprintf("%s-%d", kind, f.serial)
}

// reach fails while the provider is down or the caller has gone; f.mu is held.
func (f *FakeProvider) reach(ctx context.Context) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ports.ErrProviderUnavailable, ctx.Err())
	}
	if f.down {
		return ports.ErrProviderUnavailable
	}
	f.loaded = true
	return nil
}
