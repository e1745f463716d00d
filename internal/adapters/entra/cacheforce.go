package entra

import (
	"context"
)

// asker is on whose behalf a cache is forced. Each has an allowance of its own,
// so that a stranger can use up none but a stranger's: a key that was rotated a
// moment ago is found at the next sign-in, whatever came over the back channel.
type asker int

const (
	askedBySignIn asker = iota
	askedByStranger
	askers // how many there are
)

// force loads the value again because a caller found it wanting: at once the
// first time, and then no more often than forcedRetry allows. It returns the
// value as it is then.
func (c *cache[T]) force(ctx context.Context, who asker) (T, error) {
	c.mu.Lock()
	if c.flight == nil {
		wait := forcedRetry
		if c.err != nil {
			wait = forcedFailed
		}
		now := c.clock()
		if !c.forcedAt[who].IsZero() && within(now.Sub(c.forcedAt[who]), wait) {
			defer c.mu.Unlock()
			return c.value, c.err
		}
		c.forcedAt[who] = now
		c.start()
	}
	flight := c.flight
	c.mu.Unlock()
	if err := await(ctx, flight); err != nil {
		return c.value, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, c.err
}
