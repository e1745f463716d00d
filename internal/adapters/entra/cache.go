package entra

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// Ages of what is loaded from the provider.
const (
	refreshAfter   = time.Hour        // older: refreshed in the background
	expireAfter    = 24 * time.Hour   // older: the caller waits for a refresh
	coldRetry      = time.Second      // nothing loaded yet: pause after a failure
	warmRetry      = time.Minute      // a good value at hand: pause after a failure
	forcedBySignIn = time.Second      // between loads that sign-ins force
	forcedByLogout = 5 * time.Minute  // between loads that logout tokens force
	forcedFailed   = 10 * time.Second // the same after one that failed
	loadBudget     = 30 * time.Second // for a load with all its calls
)

// cache keeps one value that is loaded over the network. At most one load is
// under way; all who need it wait for that one, each as long as its own
// context allows. The last good value outlives every failure.
//
// A value older than an hour is loaded again in the background when it is next
// used, and whoever uses it then gets the old one at once. There is no timer: an
// application that nobody uses asks nobody, nothing has to be stopped, and a
// value is never used at an age of more than a day unless the provider is down.
type cache[T any] struct {
	load  func(ctx context.Context, last T) (T, error)
	clock func() time.Time

	mu       sync.Mutex
	value    T
	have     bool
	loaded   time.Time
	err      error // of the last load, nil when it went well
	failedAt time.Time
	forcedAt [refetchCauses]time.Time
	flight   chan struct{} // closed when the load under way has ended
	waiting  atomic.Int32  // callers that wait for a load
}

// maxWaiting is how many callers may wait for one value. While a provider hangs,
// those who wait hold their connections; everybody else is told at once.
const maxWaiting = 128

// errCrowded is the error of a caller beyond maxWaiting.
var errCrowded = providerhttp.Unavailable("too many requests wait for it already")

// peek returns the value that is at hand, without any load.
func (c *cache[T]) peek() (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, c.have
}

// get returns the value. It waits only where there is none, or where it is
// older than a day; a failure is remembered for a moment, so that a crowd of
// callers does not become a crowd of loads.
func (c *cache[T]) get(ctx context.Context) (T, error) {
	c.mu.Lock()
	age := c.clock().Sub(c.loaded)
	if c.have && age < refreshAfter {
		defer c.mu.Unlock()
		return c.value, nil
	}
	if c.flight == nil && c.mayLoad() {
		c.start()
	}
	flight := c.flight
	if flight == nil || c.have && age < expireAfter {
		defer c.mu.Unlock()
		return c.lastGood()
	}
	c.mu.Unlock()
	return c.wait(ctx, flight)
}

func (c *cache[T]) mayLoad() bool {
	pause := coldRetry
	if c.have {
		pause = warmRetry
	}
	return c.err == nil || !within(c.clock().Sub(c.failedAt), pause)
}

// within says whether it is less than limit ago. What lies in the future is
// not: the clock has been set back since.
func within(ago, limit time.Duration) bool { return ago >= 0 && ago < limit }

// start begins a load; c.mu is held. The load has a deadline of its own and
// not the caller's, because others come to wait for it too.
func (c *cache[T]) start() {
	flight, last := make(chan struct{}), c.value
	c.flight = flight
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), loadBudget)
		defer cancel()
		value, err := c.load(ctx, last)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.err, c.flight = err, nil
		if err != nil {
			c.failedAt = c.clock()
		} else {
			c.value, c.have, c.loaded = value, true, c.clock()
		}
		close(flight)
	}()
}

// wait returns what the load under way has brought. Where that takes longer
// than the caller has time for, it is what is known: the last good value, or
// why the load before has failed.
func (c *cache[T]) wait(ctx context.Context, flight chan struct{}) (T, error) {
	err := c.await(ctx, flight)
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.have || c.err != nil && errors.Is(err, context.DeadlineExceeded)
	if err == nil || known {
		return c.lastGood()
	}
	return c.value, providerhttp.Tagged(err, ports.ErrProviderPending)
}

// lastGood returns the value, whatever its age, or why there is none; c.mu is
// held.
func (c *cache[T]) lastGood() (T, error) {
	if c.have {
		return c.value, nil
	}
	return c.value, c.err
}

// await waits for the end of a load, as one of at most maxWaiting.
func (c *cache[T]) await(ctx context.Context, flight <-chan struct{}) error {
	defer c.waiting.Add(-1)
	if c.waiting.Add(1) > maxWaiting {
		return errCrowded
	}
	select {
	case <-flight:
		return nil
	case <-ctx.Done():
		return providerhttp.NetworkError(ctx.Err())
	}
}

// refetchCause says who caused a forced load. Each cause has a rate limit of its
// own, so logout tokens, which anybody can send, cannot use up the limit of
// sign-ins.
type refetchCause int

const (
	// bySignIn: the token came straight from the token endpoint. It may be signed
	// by a key that is published seconds later, or that one replica of the keys
	// endpoint does not list yet.
	bySignIn refetchCause = iota
	byLogoutToken
	refetchCauses // how many there are
)

// errWithheld: the rate limit of the cause does not allow a load now.
var errWithheld = providerhttp.Unavailable("it was asked again a short while ago")

// force loads the value again because a caller found it wanting. It returns the
// value as it is then. fresh says that this load began after the call. Within
// the rate limit of cause it loads nothing: the error is that of the last load,
// or errWithheld, and the value is the last good one.
func (c *cache[T]) force(ctx context.Context, cause refetchCause) (value T, fresh bool, err error) {
	c.mu.Lock()
	if c.flight == nil {
		now := c.clock()
		if c.withholds(cause, now) {
			defer c.mu.Unlock()
			return c.value, false, cmp.Or(c.err, errWithheld)
		}
		c.forcedAt[cause], fresh = now, true
		c.start()
	}
	flight := c.flight
	c.mu.Unlock()
	err = c.await(ctx, flight)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		err = c.err
	}
	return c.value, fresh, err
}

// withholds reports whether it is too early for another forced load; c.mu is
// held.
func (c *cache[T]) withholds(cause refetchCause, now time.Time) bool {
	limit := forcedBySignIn
	if cause == byLogoutToken {
		limit = forcedByLogout
		if c.err != nil {
			limit = forcedFailed
		}
	}
	return !c.forcedAt[cause].IsZero() && within(now.Sub(c.forcedAt[cause]), limit)
}
