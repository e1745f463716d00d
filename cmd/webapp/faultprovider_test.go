package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

const (
	// atOnce is the longest time of a page that waits for no call: much longer than it
	// takes on a busy machine, and much shorter than a call that hangs.
	atOnce = 8 * time.Second
	// stepLimit is the longest time of a page that waits for a call that hangs: ten
	// seconds, or nine for a refresh, and some more for a busy machine.
	stepLimit = 16 * time.Second
	// slowResponse is the delay of a slow response, well within every limit.
	slowResponse = 2 * time.Second
	// healLimit is the longest time after which a provider that works again is used.
	healLimit = 10 * time.Second
)

// Each fault at each call: the person gets the right page, other people do not wait,
// and everything works afterwards without a restart. Faults that wait run in parallel,
// with the program's real limits.
func TestFaultsOfTheProviderAndTheAPI(t *testing.T) {
	before := leftOver()
	var all sync.WaitGroup
	room := make(chan struct{}, 4*runtime.GOMAXPROCS(0))
	for _, p := range faultPlaces() {
		for _, k := range faultKinds() {
			all.Go(func() {
				if !k.waits() {
					room <- struct{}{}
					defer func() { <-room }()
				}
				t.Run(p.name+"/"+k.name, func(t *testing.T) { playFault(t, p, k) })
			})
		}
	}
	all.Wait()
	requireNothingLeft(t, before)
}

// playFault tests one fault at one call.
func playFault(t *testing.T, p faultPlace, k faultKind) {
	if p.provider == nil {
		p.provider = func(*fakeidp.Config) {}
	}
	w := newWorld(t, map[string]string{"SESSION_KEY": someKey, "SESSION_IDLE_TIMEOUT": "12h"}, p.provider)
	friend, b := w.browser(), w.browser()
	friend.mustSignIn(fakeidp.UserAdmin)
	ask := p.prepare(b)
	require.True(t, friend.signedIn())

	calls := w.idp.Requests(p.endpoint)
	met, elsewhere := w.breakAt(p, k)
	began := time.Now()
	answer := inBackground(ask)
	if k.fault != nil {
		<-met
	}
	w.checkOthers(friend)
	if p.signedIn {
		assert.True(t, b.copy().signedIn(), "another tab of the same person")
	}
	if k.slow() {
		time.Sleep(time.Until(began.Add(slowResponse))) // real time, as the limits have it
	}
	if k.waits() {
		assert.Empty(t, answer, "others were served while this one waits")
	}
	if k.slow() {
		w.idp.Heal()
	}
	r := <-answer
	require.NotNil(t, r.Response, "an answer")
	assert.Less(t, time.Since(began), stepLimit)
	switch asked := w.idp.Requests(p.endpoint) - calls; {
	case k.slow():
		assert.Equal(t, 1, asked, "patience in place of a repetition")
	case k.fault != nil:
		assert.LessOrEqual(t, asked, p.most, "calls of one step")
	}
	assert.Zero(t, elsewhere.Load(), "nobody else is asked")
	if k.rightAt(p) {
		p.checkSuccess(b, r)
	} else {
		p.checkFailure(b, k, r)
	}
	w.checkMeanwhile(p, k, b, ask)
	w.checkHealed(p, b, friend, ask)
}

// someKey is a SESSION_KEY, so that a session survives a restart.
const someKey = "c29tZSBrZXkgZm9yIHRlc3RzOyAzMiBieXRlcyBsb24="

// breakAt activates the fault. It returns a channel that is closed at the first
// affected request, and the number of requests to the other address.
func (w *world) breakAt(p faultPlace, k faultKind) (met chan struct{}, asked *atomic.Int64) {
	asked = new(atomic.Int64)
	if k.fault == nil {
		w.idp.Down()
		return nil, asked
	}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	w.t.Cleanup(elsewhere.Close)
	met = make(chan struct{})
	fault := k.fault(w, elsewhere.URL)
	fault.Met = sync.OnceFunc(func() { close(met) })
	w.idp.Fail(p.endpoint, fault)
	return met, asked
}

// inBackground sends the request. If there is no response, the channel is closed
// without one.
func inBackground(ask step) <-chan reply {
	answer := make(chan reply, 1)
	go func() {
		defer close(answer)
		answer <- ask()
	}()
	return answer
}

// checkOthers checks that a signed-in person, a visitor and a health probe are served.
func (w *world) checkOthers(friend *browser) {
	for _, other := range []struct {
		b    *browser
		path string
		says string
	}{{friend, "/", "Welcome Megan"}, {w.browser(), "/", `href="/login"`}, {w.browser(), "/healthz", "ok"}} {
		began := time.Now()
		r := other.b.get(other.path)
		assert.Equal(w.t, http.StatusOK, r.StatusCode, other.path)
		assert.Contains(w.t, r.body, other.says)
		assert.Less(w.t, time.Since(began), atOnce, other.path)
	}
}

// checkMeanwhile checks the application while the fault is active.
func (w *world) checkMeanwhile(p faultPlace, k faultKind, b *browser, ask step) {
	lasting := !k.waits() && !k.passing
	assert.Equal(w.t, p.signedIn || k.rightAt(p) && !p.repeat, b.signedIn(), "signed in as before")
	if p.repeat && !p.atAPI && lasting {
		p.checkProblem(b, ask("Accept", "application/json"))
	}
	if p.endpoint == fakeidp.EndpointMetadata && p.repeat && lasting {
		assert.Contains(w.t, w.browser().get("/").body, "cannot be reached at the moment", "the sign-in page says so")
	}
	assert.NotRegexp(w.t, aToken, w.logs.String(), "no token in a log")
}

// checkHealed checks that the same browser can repeat what failed.
func (w *world) checkHealed(p faultPlace, b, friend *browser, ask step) {
	w.idp.Heal()
	w.clock.Advance(healLimit)
	if p.repeat {
		p.checkSuccess(b, ask())
	}
	if !p.signedIn {
		b.mustSignIn(fakeidp.UserMember)
	}
	assert.True(w.t, friend.signedIn())
}

// leftOver returns the numbers of goroutines and open connections.
func leftOver() (counts [2]int) {
	counts[0] = runtime.NumGoroutine()
	open, _ := os.ReadDir("/proc/self/fd") // where there is none nothing is counted
	counts[1] = len(open)
	return counts
}

// requireNothingLeft requires that goroutines and connections have ended, which
// takes them a moment.
func requireNothingLeft(t *testing.T, before [2]int) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		now := leftOver()
		assert.LessOrEqual(c, now[0], before[0]+8, "goroutines")
		assert.LessOrEqual(c, now[1], before[1]+8, "connections")
	}, 20*time.Second, 50*time.Millisecond)
}
