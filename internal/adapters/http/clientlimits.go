package http

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"webapp/internal/adapters/http/server"
	"webapp/internal/clientaddr"
	"webapp/internal/domain"
)

const (
	// signInsPerMinute is how many sign-ins may begin at one address in a
	// minute. Whole companies share one address, and after an outage all of
	// them sign in again at once: three thousand people do so unnoticed, and
	// somebody who begins sixty a minute is far from it. A machine that begins
	// a million is stopped.
	signInsPerMinute = 3000
	// blockFactor is how many times as many may begin in an IPv6 /56: many a
	// customer is given one, with 256 networks to begin them from.
	blockFactor = 4
	// signInBuckets and blockBuckets bound what is remembered of all addresses:
	// 1.8 MB.
	signInBuckets = 1 << 14
	blockBuckets  = signInBuckets / blockFactor
)

// signInRate bounds how fast sign-ins begin at an address, and in a block of
// IPv6 addresses. Addresses are as many as an attacker likes, so they are not
// kept: each falls into one of a fixed number of buckets, by a hash that nobody
// outside can know, and shares its budget with whoever else falls into it.
type signInRate struct {
	now       func() time.Time
	seed      maphash.Seed
	addresses [signInBuckets]bucket
	blocks    [blockBuckets]bucket
}

// bucket is a budget, made when it is first drawn on.
type bucket struct{ atomic.Pointer[rate.Limiter] }

func newSignInRate(now func() time.Time) *signInRate {
	return &signInRate{now: now, seed: maphash.MakeSeed()}
}

// allow says whether one more sign-in may begin at the address now.
func (s *signInRate) allow(address netip.Addr) bool {
	key, now := clientaddr.Key(address), s.now()
	if !s.addresses[s.hash(key)%signInBuckets].allow(now, signInsPerMinute) {
		return false
	}
	if !key.Is6() {
		return true
	}
	block := netip.PrefixFrom(key, 56).Masked().Addr()
	return s.blocks[s.hash(block)%blockBuckets].allow(now, blockFactor*signInsPerMinute)
}

func (s *signInRate) hash(key netip.Addr) uint64 { return maphash.Comparable(s.seed, key) }

func (b *bucket) allow(now time.Time, perMinute int) bool {
	limiter := b.Load()
	if limiter == nil {
		b.CompareAndSwap(nil, rate.NewLimiter(rate.Limit(perMinute)/60, perMinute))
		limiter = b.Load()
	}
	return limiter.AllowN(now, 1)
}

// limitSignIns bounds the sign-ins that one address begins.
func (a *app) limitSignIns(next http.Handler) http.Handler {
	begun := newSignInRate(a.Now)
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		if !begun.allow(clientaddr.Of(r)) {
			return a.Domain.RefuseSignIn(r.Context(), domain.ErrTooManySignIns)
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// inFlight counts the requests that are being answered, by client. It holds
// nothing of clients that have none.
type inFlight struct {
	most int // of one client

	mu     sync.Mutex
	counts map[netip.Addr]int // by clientaddr.Key
}

func (f *inFlight) enter(client netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts[client] >= f.most {
		return false
	}
	f.counts[client]++
	return true
}

func (f *inFlight) leave(client netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts[client]--; f.counts[client] == 0 {
		delete(f.counts, client)
	}
}

// limitInFlight bounds the requests of one client that are answered at once.
// Only a proxy's clients need it: elsewhere a client has its connections, each
// with one request, and those are bounded.
func (a *app) limitInFlight(next http.Handler) http.Handler {
	if len(a.TrustedProxies) == 0 {
		return next
	}
	f := &inFlight{most: server.MaxPerAddress(), counts: map[netip.Addr]int{}}
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		client := clientaddr.Key(clientaddr.Of(r))
		if !f.enter(client) {
			return errCrowded
		}
		defer f.leave(client)
		next.ServeHTTP(w, r)
		return nil
	})
}
