package entra

import (
	"cmp"
	"context"
	"time"

	"webapp/internal/providerhttp"
)

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
