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
	// refusedCodesPerMinute is how many codes from one address the provider may
	// refuse in a minute, before no more are posted. People's codes are hardly
	// ever refused. Without this bound one address makes the application post
	// hundreds of made-up codes a second with its own credential.
	refusedCodesPerMinute = 60
	// rateBuckets bounds the memory of one addressRate to 1.6 MB.
	rateBuckets = 1 << 14
)

// addressRate bounds how often something happens at an address, counted by
// clientaddr.Key. An attacker has as many addresses as they like, so addresses
// are not kept: each falls into one of a fixed number of buckets, by a hash that
// nobody outside can know, and shares its budget with the other addresses of
// that bucket.
type addressRate struct {
	perMinute int
	now       func() time.Time
	seed      maphash.Seed
	buckets   [rateBuckets]atomic.Pointer[rate.Limiter] // made when first used
}

func newAddressRate(perMinute int, now func() time.Time) *addressRate {
	return &addressRate{perMinute: perMinute, now: now, seed: maphash.MakeSeed()}
}

func (a *addressRate) limiter(address netip.Addr) *rate.Limiter {
	bucket := &a.buckets[maphash.Comparable(a.seed, clientaddr.Key(address))%rateBuckets]
	if bucket.Load() == nil {
		bucket.CompareAndSwap(nil, rate.NewLimiter(rate.Limit(a.perMinute)/60, a.perMinute))
	}
	return bucket.Load()
}

// allow counts one more and reports whether it is within the bound.
func (a *addressRate) allow(address netip.Addr) bool { return a.limiter(address).AllowN(a.now(), 1) }

// exhausted reports whether the bound is reached, and counts nothing.
func (a *addressRate) exhausted(address netip.Addr) bool {
	return a.limiter(address).TokensAt(a.now()) < 1
}

// count counts one more, also beyond the bound: what was under way at once when
// the bound was reached is paid back first.
func (a *addressRate) count(address netip.Addr) { a.limiter(address).ReserveN(a.now(), 1) }

// limitSignIns bounds the sign-ins that one address begins.
func (a *app) limitSignIns(next http.Handler) http.Handler {
	begun := newAddressRate(signInsPerMinute, a.Now)
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		if !begun.allow(clientaddr.Of(r)) {
			return a.Domain.RecordRefusal(r.Context(), domain.ErrTooManySignIns)
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
			return errTooManyInFlight
		}
		defer f.leave(client)
		next.ServeHTTP(w, r)
		return nil
	})
}
