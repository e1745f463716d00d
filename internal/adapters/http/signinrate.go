package http

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"webapp/internal/domain"
)

const (
	// signInsPerMinute is how many sign-ins may begin at one address in a
	// minute. Whole companies share one address, and after an outage all of
	// them sign in again at once: three thousand people do so unnoticed, and
	// somebody who begins sixty a minute is far from it. A machine that begins
	// a million is stopped.
	signInsPerMinute = 3000
	// signInBuckets bounds what is remembered of all addresses: 1.5 MB.
	signInBuckets = 1 << 14
)

// signInRate bounds how fast sign-ins begin at an address. Addresses are as many
// as an attacker likes, so they are not kept: each falls into one of a fixed
// number of buckets, by a hash that nobody outside can know, and shares its
// budget with whoever else falls into it.
type signInRate struct {
	now     func() time.Time
	seed    maphash.Seed
	buckets [signInBuckets]atomic.Pointer[rate.Limiter]
}

func newSignInRate(now func() time.Time) *signInRate {
	return &signInRate{now: now, seed: maphash.MakeSeed()}
}

// allow says whether one more sign-in may begin at the address now.
func (s *signInRate) allow(address netip.Addr) bool {
	bucket := &s.buckets[maphash.Comparable(s.seed, addressKey(address))%signInBuckets]
	limiter := bucket.Load()
	if limiter == nil {
		bucket.CompareAndSwap(nil, rate.NewLimiter(rate.Every(time.Minute/signInsPerMinute), signInsPerMinute))
		limiter = bucket.Load()
	}
	return limiter.AllowN(s.now(), 1)
}

// limitSignIns bounds the sign-ins that one address begins.
func (a *app) limitSignIns(next http.Handler) http.Handler {
	begun := newSignInRate(a.Now)
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		if !begun.allow(clientAddr(r)) {
			return a.Domain.RefuseSignIn(r.Context(), domain.ErrTooManySignIns)
		}
		next.ServeHTTP(w, r)
		return nil
	})
}
