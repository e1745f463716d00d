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

const (
	// refreshAfter is the age from which a value is loaded again in the background.
	refreshAfter = time.Hour
	// expireAfter is the age from which the caller waits for the new value.
	expireAfter = 24 * time.Hour
	// coldRetry is the pause after a failed load while there is no value yet.
	coldRetry = time.Second
	// warmRetry is the pause after a failed load while there is a value.
	warmRetry = time.Minute
	// loadTimeout bounds one load with all its requests.
	loadTimeout = 30 * time.Second
	// maxWaiting is how many callers may wait for one value. If the provider hangs,
	// each of them keeps a connection open; further callers get errCrowded at once.
	maxWaiting = 128
)

// cache keeps one value that is loaded over the network. At most one load runs at a
// time; all callers wait for the same load, each until its own context ends. A
// failed load keeps the last good value.
//
// A value that is older than an hour is loaded again in the background when somebody
// uses it. That caller gets the old value at once. There is no timer, so an unused
// application sends no requests and nothing has to be stopped. A value is older than
// a day only if the provider is down.
type cache[T any] struct {
	load  func(ctx context.Context, last T) (T, error)
	clock func() time.Time

	mu        sync.Mutex
	value     T
	have      bool
	loadedAt  time.Time
	err       error // of the last load; nil if it succeeded
	failedAt  time.Time
	refetched [refetchCauses]time.Time // the last load by each cause
	running   chan struct{}            // closed when the running load ends; nil without one
	waiting   atomic.Int32             // callers that wait for a load
}

// errCrowded is the error of a caller beyond maxWaiting.
var errCrowded = providerhttp.Unavailable("too many requests wait for it already")

// get returns the value. It waits only if there is no value, or if the value is
// older than a day. For a short time after a failed load it returns that error and
// starts no other load.
func (c *cache[T]) get(ctx context.Context) (T, error) {
	c.mu.Lock()
	age := c.clock().Sub(c.loadedAt)
	if c.have && age < refreshAfter {
		defer c.mu.Unlock()
		return c.value, nil
	}
	if c.running == nil && c.mayLoad() {
		c.start()
	}
	running := c.running
	if running == nil || c.have && age < expireAfter {
		defer c.mu.Unlock()
		return c.lastGood()
	}
	c.mu.Unlock()
	return c.waitFor(ctx, running)
}

// peek returns the value, if there is one. It starts no load.
func (c *cache[T]) peek() (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, c.have
}

// mayLoad reports whether enough time has passed since a failed load. The caller
// holds c.mu.
func (c *cache[T]) mayLoad() bool {
	pause := coldRetry
	if c.have {
		pause = warmRetry
	}
	return c.err == nil || !within(c.clock().Sub(c.failedAt), pause)
}

// within reports whether less than limit has passed. It returns false for a time in
// the future, which means that the clock was set back.
func within(ago, limit time.Duration) bool { return ago >= 0 && ago < limit }

// start starts a load in the background. Its deadline is not the caller's, because
// other callers wait for the same load. The caller holds c.mu.
func (c *cache[T]) start() {
	running, last := make(chan struct{}), c.value
	c.running = running
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
		defer cancel()
		value, err := c.load(ctx, last)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.err, c.running = err, nil
		if err != nil {
			c.failedAt = c.clock()
		} else {
			c.value, c.have, c.loadedAt = value, true, c.clock()
		}
		close(running)
	}()
}

// waitFor waits for the running load and returns its value. If the caller's
// deadline comes first, waitFor returns the last good value, or the error of the
// previous load.
func (c *cache[T]) waitFor(ctx context.Context, running chan struct{}) (T, error) {
	err := c.await(ctx, running)
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.have || c.err != nil && errors.Is(err, context.DeadlineExceeded)
	if err == nil || known {
		return c.lastGood()
	}
	return c.value, providerhttp.Tagged(err, ports.ErrProviderPending)
}

// lastGood returns the value, whatever its age, or the error of the last load. The
// caller holds c.mu.
func (c *cache[T]) lastGood() (T, error) {
	if c.have {
		return c.value, nil
	}
	return c.value, c.err
}

// await waits for the end of a load. It returns errCrowded if maxWaiting callers
// wait already.
func (c *cache[T]) await(ctx context.Context, running <-chan struct{}) error {
	defer c.waiting.Add(-1)
	if c.waiting.Add(1) > maxWaiting {
		return errCrowded
	}
	select {
	case <-running:
		return nil
	case <-ctx.Done():
		return providerhttp.NetworkError(ctx.Err())
	}
}

// refetchCause says who caused a load of a value that is not old. Each cause has its
// own rate limit. Anybody can send logout tokens, and they must not use up the limit
// for sign-ins.
type refetchCause int

const (
	// bySignIn is for a token that came straight from the token endpoint.
	bySignIn refetchCause = iota
	// byLogoutToken is for a token that anybody can have sent.
	byLogoutToken
	refetchCauses // the number of causes
)

// The shortest times between two refetches of one cause.
const (
	signInRefetchPause       = time.Second
	logoutRefetchPause       = 5 * time.Minute
	logoutRefetchPauseFailed = 10 * time.Second // if the last load failed
)

// errRateLimited says that the cause's rate limit does not allow a load now.
var errRateLimited = providerhttp.Unavailable("it was asked again a short while ago")

// refetch loads the value again although it is not old, and waits for the load. It
// returns the last good value and the error of the load. fresh reports whether this
// call started the load. If the rate limit of cause does not allow a load, the error
// is that of the last load or errRateLimited.
func (c *cache[T]) refetch(ctx context.Context, cause refetchCause) (value T, fresh bool, err error) {
	c.mu.Lock()
	if c.running == nil {
		now := c.clock()
		if c.rateLimited(cause, now) {
			defer c.mu.Unlock()
			return c.value, false, cmp.Or(c.err, errRateLimited)
		}
		c.refetched[cause], fresh = now, true
		c.start()
	}
	running := c.running
	c.mu.Unlock()
	err = c.await(ctx, running)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		err = c.err
	}
	return c.value, fresh, err
}

// rateLimited reports whether the cause's rate limit forbids a load now. The caller
// holds c.mu.
func (c *cache[T]) rateLimited(cause refetchCause, now time.Time) bool {
	limit := signInRefetchPause
	if cause == byLogoutToken {
		limit = logoutRefetchPause
		if c.err != nil {
			limit = logoutRefetchPauseFailed
		}
	}
	return !c.refetched[cause].IsZero() && within(now.Sub(c.refetched[cause]), limit)
}
