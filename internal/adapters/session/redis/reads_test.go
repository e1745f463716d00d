package redis

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slowServer is a server whose round trips take a second, or last until their limit if it
// hangs.
type slowServer struct {
	mu      sync.Mutex
	batches [][]string
	hangs   bool
}

var errHangs = errors.New("no response")

func (s *slowServer) get(ctx context.Context, keys []string) []reply {
	s.mu.Lock()
	s.batches = append(s.batches, keys)
	hangs := s.hangs
	s.mu.Unlock()
	var err error
	if hangs {
		<-ctx.Done()
		err = errHangs
	} else {
		time.Sleep(time.Second)
	}
	replies := make([]reply, len(keys))
	for i, key := range keys {
		replies[i] = reply{[]byte(key), err}
		if key == "none" {
			replies[i] = reply{nil, redis.Nil}
		}
	}
	return replies
}

// Reads that come during two round trips share the next one. Each gets its own value or
// error.
func TestReadsThatWaitShareARoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowServer{}
		r := &reads{get: s.get}
		var wg sync.WaitGroup
		for _, key := range []string{"a", "b", "c", "none", "c"} {
			wg.Go(func() {
				value, err := r.find(t.Context(), key)
				if key == "none" {
					assert.True(t, isNil(err))
					return
				}
				assert.NoError(t, err)
				assert.Equal(t, key, string(value))
			})
			synctest.Wait()
		}
		wg.Wait()
		require.Equal(t, [][]string{{"a"}, {"b"}, {"c", "none", "c"}}, s.batches)
		_, err := r.find(t.Context(), "d")
		require.NoError(t, err)
		assert.Equal(t, []string{"d"}, s.batches[3])
	})
}

// A caller that gives up waits no longer than its context, and its read is not sent. The
// others wait no longer than the limit of an operation, and later reads succeed.
func TestReadsFromAServerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowServer{hangs: true}
		r := &reads{get: s.get}
		var wg sync.WaitGroup
		for _, key := range []string{"a", "b"} {
			wg.Go(func() {
				ctx, cancel := bounded(t.Context())
				defer cancel()
				_, err := r.find(ctx, key)
				assert.Error(t, err)
			})
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := r.find(ctx, "given up")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
		wg.Go(func() {
			_, err := r.find(t.Context(), "later")
			assert.NoError(t, err)
		})
		synctest.Wait()
		s.mu.Lock()
		s.hangs = false
		s.mu.Unlock()
		wg.Wait()
		assert.Equal(t, operationLimit+time.Second, time.Since(start), "the limit, then a round trip")
		assert.Equal(t, [][]string{{"a"}, {"b"}, {"later"}}, s.batches)
	})
}

func TestReadsWithAContextThatHasEnded(t *testing.T) {
	s := &slowServer{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&reads{get: s.get}).find(ctx, "a")
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, s.batches)
}
