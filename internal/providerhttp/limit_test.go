package providerhttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/providerhttp"
)

// answering is a RoundTripper. The body of its responses must be closed.
type answering func(*http.Request) (*http.Response, error)

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestACallCountsUntilItsAnswerIsClosedOrItsTimeIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing := errors.New("connection refused")
		var fail bool
		calls := providerhttp.LimitCalls(answering(func(r *http.Request) (*http.Response, error) {
			if fail {
				return nil, failing
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("x")), Request: r}, nil
		}), 2)
		call := func(ctx context.Context) (*http.Response, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example", nil)
			require.NoError(t, err)
			return calls.RoundTrip(r)
		}
		forgotten, leave := context.WithCancel(t.Context())
		first, err := call(t.Context())
		require.NoError(t, err)
		_, err = call(forgotten)
		require.NoError(t, err)

		_, err = call(t.Context())
		require.ErrorIs(t, err, providerhttp.ErrTooManyCalls)
		var timeout interface{ Timeout() bool }
		require.True(t, errors.As(err, &timeout) && timeout.Timeout())
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = call(short)
		require.ErrorIs(t, err, context.DeadlineExceeded, "nobody waits longer than they can")

		leave() // whoever never closes an answer has its place until their request ends
		synctest.Wait()
		second, err := call(t.Context())
		require.NoError(t, err)
		require.NoError(t, first.Body.Close())
		require.NoError(t, first.Body.Close(), "twice gives one place back")
		_, err = call(t.Context())
		require.NoError(t, err)
		_, err = call(t.Context())
		require.ErrorIs(t, err, providerhttp.ErrTooManyCalls)
		require.NoError(t, second.Body.Close())
		fail = true
		for range 5 {
			_, err = call(t.Context())
			require.ErrorIs(t, err, failing, "a call that failed has no place any more")
		}
	})
}

// As many requests wait as may run. The next one gets an error at once.
func TestCallsThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 3
		calls := providerhttp.LimitCalls(answering(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}), most)
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		call := func() error {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://idp.example", nil)
			require.NoError(t, err)
			_, err = calls.RoundTrip(r)
			return err
		}
		waited := make(chan error, 2*most)
		for range 2 * most {
			go func() { waited <- call() }()
		}
		synctest.Wait()
		require.ErrorIs(t, call(), providerhttp.ErrTooManyCalls)
		require.Zero(t, time.Since(began))
		for range most {
			require.ErrorIs(t, <-waited, providerhttp.ErrTooManyCalls)
		}
		require.Equal(t, providerhttp.MaxCallWait, time.Since(began))
		cancel()
		for range most {
			require.ErrorIs(t, <-waited, context.Canceled)
		}
	})
}

// Each kind of request has places of its own.
func TestRevocationsHavePlacesOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := map[string]int{}
		var mu sync.Mutex
		calls := providerhttp.LimitProviderCalls(answering(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			running[providerhttp.EndpointOf(r.Context())]++
			mu.Unlock()
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		places := map[string]int{
			providerhttp.EndpointRevocation: providerhttp.MaxRevocations,
			providerhttp.EndpointPushed:     providerhttp.MaxPushes,
			providerhttp.EndpointToken:      providerhttp.MaxCalls,
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, endpoint := range []string{providerhttp.EndpointRevocation, providerhttp.EndpointPushed, providerhttp.EndpointToken} {
			for range 2 * places[endpoint] {
				r, err := http.NewRequestWithContext(providerhttp.WithEndpoint(ctx, endpoint), http.MethodPost, "https://idp.example", nil)
				require.NoError(t, err)
				wg.Go(func() { _, _ = calls.RoundTrip(r) })
			}
			synctest.Wait()
		}
		require.Equal(t, places, running)
		cancel()
		wg.Wait()
	})
}
