package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"webapp/internal/ports"
)

// kept is a way to keep sessions: the application's or that of scs.
type kept interface {
	// signIn starts the session of the i-th person.
	signIn(i int) (cookie, key string, err error)
	// expire sets the expiry of the session under key.
	expire(key string, at time.Time) error
	// page returns a page that reads the session of the request.
	page() http.Handler
}

// fixed is a short text without a pointer, so that a million of them do not affect
// the measured heap.
type fixed [64]byte

func fix(s string) (f fixed) {
	copy(f[:], s)
	return f
}

func (f *fixed) String() string { return strings.TrimRight(string(f[:]), "\x00") }

const (
	// mortalEvery makes a tenth of all sessions mortal. Mortal sessions expire
	// during a run.
	mortalEvery = 10
	// maxVisitors is the number of other people who request pages.
	maxVisitors = 10_000
)

// population is n sessions, a tenth of them mortal.
type population struct {
	kept     kept
	n        int
	next     int // the next person
	mortals  []fixed
	visitors []fixed
}

func newPopulation(n int) *population {
	return &population{n: n, mortals: make([]fixed, 0, n/mortalEvery), visitors: make([]fixed, 0, min(n, maxVisitors))}
}

// fill signs everybody in.
func (p *population) fill(ctx context.Context, k kept) error {
	p.kept = k
	immortal := p.n - p.n/mortalEvery
	every := max(1, immortal/cap(p.visitors))
	for i := range immortal {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		cookie, _, err := k.signIn(p.next)
		if err != nil {
			return err
		}
		p.next++
		if i%every == 0 && len(p.visitors) < cap(p.visitors) {
			p.visitors = append(p.visitors, fix(cookie))
		}
	}
	return p.replenish()
}

// replenish signs people in to replace the expired sessions.
func (p *population) replenish() error {
	p.mortals = p.mortals[:0]
	for range p.n / mortalEvery {
		_, key, err := p.kept.signIn(p.next)
		if err != nil {
			return err
		}
		p.next++
		p.mortals = append(p.mortals, fix(key))
	}
	return nil
}

// age makes the mortal sessions expire one after the other during this time.
func (p *population) age(during time.Duration) error {
	from := time.Now()
	for i := range p.mortals {
		at := from.Add(during * time.Duration(i+1) / time.Duration(len(p.mortals)))
		if err := p.kept.expire(p.mortals[i].String(), at); err != nil {
			return err
		}
	}
	return nil
}

// requests returns the visitors' requests for path.
func (p *population) requests(path string) []*http.Request {
	list := make([]*http.Request, len(p.visitors))
	for i := range list {
		list[i] = newRequest(path, p.visitors[i].String())
	}
	return list
}

const (
	idleLimit = time.Hour
	lifetime  = 12 * time.Hour
	tenant    = "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"
)

// signedIn returns the session of the i-th person with values of Entra's size,
// without claims and tokens.
func signedIn(i int, now time.Time) ports.NewSession {
	return ports.NewSession{Session: ports.Session{
		Identity: ports.Identity{
			Issuer:   "https://login.microsoftonline.com/" + tenant + "/v2.0",
			Subject:  fmt.Sprintf("mQhn9bJ0Vx0dTjk2oW3eHn1sYcL8uRk5aZ%09d", i),
			TenantID: tenant,
			ObjectID: fmt.Sprintf("0d1e9a54-7c3b-4f28-9e6d-%012x", i),
			Name:     "Adele Vance", Username: "adele.vance@contoso.example", Roles: []string{"Admin"},
			ProviderSession: fmt.Sprintf("00b1c2d3-1111-4222-8333-%012x", i),
		},
		Device: "Firefox, Linux", Started: now, Seen: now, Expires: now.Add(idleLimit),
	}}
}

// typicalClaims returns as many claims as an ID token of Entra has.
func typicalClaims() []ports.Claim {
	claims := make([]ports.Claim, 18)
	for i := range claims {
		claims[i] = ports.Claim{Name: fmt.Sprintf("claim_%02d", i), Value: tenant}
	}
	return claims
}

// typicalTokens returns tokens of Entra's size.
func typicalTokens(now time.Time) ports.Tokens {
	return ports.Tokens{
		RefreshToken: strings.Repeat("r", 1500),
		AccessTokens: []ports.AccessToken{{Value: strings.Repeat("a", 2000), Scopes: []string{"User.Read"}, Expires: now.Add(time.Hour)}},
	}
}
