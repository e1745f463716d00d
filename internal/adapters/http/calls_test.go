package http

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/providerhttp"
)

// hangingAPI responds to no request until healthy is set.
type hangingAPI struct {
	healthy  atomic.Bool
	requests atomic.Int64
	current  atomic.Int64
	most     atomic.Int64
}

func (h *hangingAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	h.requests.Add(1)
	if now := h.current.Add(1); now > h.most.Load() {
		h.most.Store(now) // a race loses one value, but both would exceed the limit
	}
	defer h.current.Add(-1)
	if !h.healthy.Load() {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"displayName":"Ada"}`)), Request: r}, nil
}

// visited is a response and its duration.
type visited struct {
	status     int
	retryAfter string
	text       string
	took       time.Duration
}

func visit(h http.Handler, request *http.Request, path string) visited {
	r := request.Clone(context.Background())
	r.URL.Path, r.RequestURI = path, path
	w, start := httptest.NewRecorder(), time.Now()
	h.ServeHTTP(w, r)
	return visited{w.Code, w.Header().Get("Retry-After"), w.Body.String(), time.Since(start)}
}

// A thousand users call an API that hangs. MaxCalls requests wait for it until
// apiTimeout. All others get 503, at once or after MaxCallWait. Other pages stay
// fast, and calls work again as soon as the API does.
func TestAThousandPeopleAtAnAPIThatHangs(t *testing.T) {
	const path = "/call_api"
	if !slices.ContainsFunc(Pages(), func(p Page) bool { return p.Path == path }) {
		t.Skipf("the example page %s has been removed", path)
	}
	synctest.Test(t, func(t *testing.T) {
		service, sessions, request := benchmarkSession(t)
		api := &hangingAPI{}
		c := benchmarkConfig(service, sessions)
		c.APITransport = api
		handler, err := New(c)
		require.NoError(t, err)

		answers := make(chan visited, 1000)
		var all sync.WaitGroup
		for range cap(answers) {
			all.Go(func() { answers <- visit(handler, request, path) })
		}
		synctest.Wait()
		home := visit(handler, request, "/")
		assert.Equal(t, http.StatusOK, home.status)
		assert.Zero(t, home.took)
		all.Wait()
		close(answers)
		counts, waited := map[int]int{}, 0
		for a := range answers {
			counts[a.status]++
			switch a.status {
			case http.StatusServiceUnavailable:
				assert.Equal(t, "10", a.retryAfter)
				assert.Contains(t, a.text, "too many earlier calls are still waiting for a response")
				if a.took != 0 { // most get the response at once
					assert.Equal(t, providerhttp.MaxCallWait, a.took)
					waited++
				}
			case http.StatusGatewayTimeout:
				assert.Equal(t, apiTimeout, a.took)
			}
		}
		assert.Equal(t, map[int]int{http.StatusGatewayTimeout: providerhttp.MaxCalls, http.StatusServiceUnavailable: 1000 - providerhttp.MaxCalls}, counts)
		assert.Equal(t, providerhttp.MaxCalls, waited, "as many wait as calls are under way")
		assert.EqualValues(t, providerhttp.MaxCalls, api.requests.Load())
		assert.EqualValues(t, providerhttp.MaxCalls, api.most.Load())

		api.healthy.Store(true)
		for range 3 * providerhttp.MaxCalls {
			healed := visit(handler, request, path)
			require.Equal(t, http.StatusOK, healed.status)
			require.Zero(t, healed.took)
		}
	})
}
