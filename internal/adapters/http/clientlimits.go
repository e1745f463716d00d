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
	// signInsPerMinute limits the sign-ins that one address starts in a minute. A
	// whole company may share one address, and after an outage its people sign in
	// again at once. Three thousand of them stay within the limit.
	signInsPerMinute = 3000
	// pushesPerMinute limits the sign-ins that one address starts in a minute if each
	// of them makes the application send a pushed authorization request (RFC 9126). The
	// provider may limit the requests of the whole application.
	pushesPerMinute = 600
	// refusedCodesPerMinute limits the codes from one address that the provider
	// refuses in a minute. Codes of real sign-ins are hardly ever refused. Without
	// the limit, one address could make the application send hundreds of forged
	// codes a second with its own credential.
	refusedCodesPerMinute = 60
	// rateBuckets limits the memory of one addressRate to 1.6 MB.
	rateBuckets = 1 << 14
)

// addressRate is a rate limit per address, where clientaddr.Key identifies an
// address. An attacker may have any number of addresses, so they are not stored.
// A hash with a random seed maps each address to one of a fixed number of buckets,
// and all addresses of a bucket share its limit.
type addressRate struct {
	perMinute int
	now       func() time.Time
	seed      maphash.Seed
	buckets   [rateBuckets]atomic.Pointer[rate.Limiter] // created at the first use
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

// allow records an event and reports whether it is within the limit.
func (a *addressRate) allow(address netip.Addr) bool { return a.limiter(address).AllowN(a.now(), 1) }

// exhausted reports whether the limit is reached. It records no event.
func (a *addressRate) exhausted(address netip.Addr) bool {
	return a.limiter(address).TokensAt(a.now()) < 1
}

// count records an event even if the limit is reached. Requests that run at the
// same time can exceed the limit; each event beyond it delays the next allowed one.
func (a *addressRate) count(address netip.Addr) { a.limiter(address).ReserveN(a.now(), 1) }

// limitSignIns applies signInsPerMinute.
func (a *app) limitSignIns(next http.Handler) http.Handler {
	started := newAddressRate(signInsPerMinute, a.Now)
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		if err := a.limitPushes(r); err != nil {
			return err
		}
		if !started.allow(observed(r.Context()).client) {
			return a.Domain.RecordRefusal(r.Context(), domain.ErrTooManySignIns)
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// limitPushes applies pushesPerMinute to a request that begins a sign-in. It returns
// domain.ErrTooManySignIns.
func (a *app) limitPushes(r *http.Request) error {
	if a.Domain.PushesRequests() && !a.pushes.allow(observed(r.Context()).client) {
		return a.Domain.RecordRefusal(r.Context(), domain.ErrTooManySignIns)
	}
	return nil
}

// inFlight counts the concurrent requests of each client. It stores only clients
// that have a request in progress.
type inFlight struct {
	limit int // per client

	mu     sync.Mutex
	counts map[netip.Addr]int // by clientaddr.Key
}

func (f *inFlight) enter(client netip.Addr) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts[client] >= f.limit {
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

// limitInFlight limits the concurrent requests of one client behind a trusted
// proxy. Without a proxy, package server limits a client's connections, and each
// connection has one request at a time.
func (a *app) limitInFlight(next http.Handler) http.Handler {
	if len(a.TrustedProxies) == 0 {
		return next
	}
	f := &inFlight{limit: server.MaxPerAddress(), counts: map[netip.Addr]int{}}
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		client := clientaddr.Key(observed(r.Context()).client)
		if !f.enter(client) {
			return errTooManyInFlight
		}
		defer f.leave(client)
		next.ServeHTTP(w, r)
		return nil
	})
}
