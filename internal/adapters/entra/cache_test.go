package entra

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// countingCache counts its loads. The value is the number of the load.
type countingCache struct {
	*cache[int]
	now   time.Time
	loads atomic.Int64
	fail  error
}

func newCountingCache() *countingCache {
	c := &countingCache{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	c.cache = &cache[int]{
		clock: func() time.Time { return c.now },
		load: func(context.Context, int) (int, error) {
			n := int(c.loads.Add(1))
			if c.fail != nil {
				return 0, c.fail
			}
			return n, nil
		},
	}
	return c
}

// settled returns the value after the running load has ended.
func (c *countingCache) settled(t *testing.T) int {
	t.Helper()
	value, err := c.get(t.Context())
	require.NoError(t, err)
	c.settle(t)
	return value
}

func (c *countingCache) settle(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	running := c.running
	c.mu.Unlock()
	if running != nil {
		require.NoError(t, c.await(t.Context(), running))
	}
}

func TestCacheLoadsHourlyWhileItIsUsed(t *testing.T) {
	c := newCountingCache()
	assert.Equal(t, 1, c.settled(t))
	for hour := 1; hour < 24; hour++ {
		c.now = c.now.Add(59 * time.Minute)
		assert.Equal(t, hour, c.settled(t))
		assert.EqualValues(t, hour, c.loads.Load())
		c.now = c.now.Add(2 * time.Minute)
		assert.Equal(t, hour, c.settled(t), "nobody waits for the new one")
		assert.EqualValues(t, hour+1, c.loads.Load())
	}
	c.now = c.now.Add(23 * time.Hour)
	assert.EqualValues(t, 24, c.loads.Load(), "nobody asks for what nobody uses")
	c.now = c.now.Add(2 * time.Hour)
	assert.Equal(t, 25, c.settled(t), "a value of yesterday is not used")
}

func TestCacheOutlivesAnOutageOfDays(t *testing.T) {
	c := newCountingCache()
	assert.Equal(t, 1, c.settled(t))
	c.fail = errors.New("down")
	for range 100 {
		c.now = c.now.Add(61 * time.Minute)
		assert.Equal(t, 1, c.settled(t))
	}
	before := c.loads.Load()
	for range 1000 {
		c.now = c.now.Add(time.Millisecond)
		assert.Equal(t, 1, c.settled(t))
	}
	assert.Equal(t, before, c.loads.Load(), "a failure is remembered for a minute")
	c.fail = nil
	c.now = c.now.Add(time.Minute)
	assert.EqualValues(t, before+1, c.settled(t))
}

// Each cause has a rate limit of its own.
func TestCacheIsForcedSeldom(t *testing.T) {
	c := newCountingCache()
	refetch := func(cause refetchCause, want int, allowed bool) {
		t.Helper()
		value, fresh, err := c.refetch(t.Context(), cause)
		assert.Equal(t, want, value)
		assert.Equal(t, allowed, fresh)
		if allowed {
			require.NoError(t, err)
			return
		}
		require.ErrorIs(t, err, errRateLimited)
		require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	}
	assert.Equal(t, 1, c.settled(t))
	refetch(byLogoutToken, 2, true)
	for range 10_000 {
		refetch(byLogoutToken, 2, false)
	}
	refetch(bySignIn, 3, true)
	refetch(bySignIn, 3, false)
	c.now = c.now.Add(time.Second)
	refetch(bySignIn, 4, true)
	c.now = c.now.Add(5*time.Minute - 2*time.Second)
	refetch(byLogoutToken, 4, false)
	c.now = c.now.Add(time.Second)
	refetch(byLogoutToken, 5, true)
}

// TestCacheAnswersWhatIsKnown uses callers whose deadline comes before the end of the
// load.
func TestCacheAnswersWhatIsKnown(t *testing.T) {
	c := newCountingCache()
	release := make(chan struct{})
	outcome := c.load
	c.load = func(ctx context.Context, last int) (int, error) {
		<-release
		return outcome(ctx, last)
	}
	noTime, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	_, err := c.get(noTime)
	require.ErrorIs(t, err, ports.ErrProviderPending, "nothing is known yet")

	for _, why := range []error{errors.New("down"), providerhttp.NetworkError(context.DeadlineExceeded)} {
		c.fail = why
		release <- struct{}{}
		c.settle(t)
		c.now = c.now.Add(time.Minute)
		_, err = c.get(noTime)
		require.Equal(t, why, err, "the next load is under way, and the one before has failed")
		require.NotErrorIs(t, err, ports.ErrProviderPending)
	}

	c.fail = nil
	close(release)
	c.settle(t)
	value, err := c.get(noTime)
	require.NoError(t, err)
	assert.Equal(t, 3, value)
}

// While a load hangs, a bounded number of callers wait for it. The others get an error
// at once.
func TestCallersThatWaitForALoadAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := &cache[int]{clock: time.Now, load: func(context.Context, int) (int, error) { <-release; return 7, nil }}
		results := make(chan error, maxWaiting)
		for range maxWaiting {
			go func() { _, err := c.get(t.Context()); results <- err }()
		}
		synctest.Wait()
		_, err := c.get(t.Context())
		require.ErrorIs(t, err, ports.ErrProviderUnavailable)
		_, _, err = c.refetch(t.Context(), bySignIn)
		require.ErrorIs(t, err, ports.ErrProviderUnavailable)
		close(release)
		for range maxWaiting {
			require.NoError(t, <-results)
		}
		value, err := c.get(t.Context())
		require.NoError(t, err)
		require.Equal(t, 7, value)
	})
}
