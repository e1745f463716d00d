//go:build integration && linux

package cluster

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// People sign out on one instance while they have requests in flight on all
// instances. These requests extend the session and refresh tokens. No request that
// starts after the response to the sign-out is signed in.
func TestSignOutAmongRequestsInFlight(t *testing.T) {
	alone(t, stores(), func(t *testing.T, s store) {
		// The session is extended every second, and each API call refreshes the
		// token.
		c := newCluster(t, s, 3, map[string]string{"SESSION_IDLE_TIMEOUT": "10s"})
		c.idp.Mutate(func(draft *fakeidp.TokenDraft) { draft.Response["expires_in"] = 1 })
		var people []*leaver
		for range 6 {
			people = append(people, c.newLeaver())
		}
		for n, p := range people {
			p.await()
			assert.Equal(t, http.StatusSeeOther, p.browser.post(n%3, "/logout", nil).StatusCode)
			p.out.Store(true)
		}
		for _, p := range people {
			p.threads.Wait()
			p.thief.everywhere(false, "after the sign-out")
		}
	})
}

// leaver is a person who signs out while requests with the same session go on.
type leaver struct {
	t              *testing.T
	browser, thief *browser
	threads        sync.WaitGroup
	out            atomic.Bool  // the sign-out has a response
	seen           atomic.Int64 // pages so far
}

// newLeaver signs in and starts the requests, two at a time on each instance.
func (c *cluster) newLeaver() *leaver {
	c.t.Helper()
	p := &leaver{t: c.t, browser: c.signedIn(anyInstance, fakeidp.UserMember)}
	p.thief = p.browser.copy()
	for instance := range c.instances {
		for _, path := range []string{"/", "/call_api"} {
			p.threads.Go(func() { p.request(instance, path) })
		}
	}
	return p
}

// request requests a page again and again until some time after the sign-out.
func (p *leaver) request(instance int, path string) {
	for after := 0; after < 15; {
		out := p.out.Load()
		r, err := p.thief.try(instance, http.MethodGet, path, nil)
		if !assert.NoError(p.t, err) {
			return
		}
		signedIn := path == "/" && r.greets() || path == "/call_api" && r.StatusCode == http.StatusOK
		if !out {
			assert.NotEqual(p.t, http.StatusInternalServerError, r.StatusCode, r.body)
			p.seen.Add(1)
			continue
		}
		after++
		assert.False(p.t, signedIn, "%s on instance %d after the sign-out", path, instance)
	}
}

// await waits until the session has been used for a while.
func (p *leaver) await() {
	p.t.Helper()
	enough := p.seen.Load() + 100
	eventually(p.t, workLimit, "a hundred requests", func() bool { return p.seen.Load() >= enough })
	require.True(p.t, p.browser.get(anyInstance, "/").greets(), "still signed in")
}
