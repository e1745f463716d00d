//go:build integration && linux

package cluster

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// The network between the application and its store fails in several ways. Signed-in
// people get 503, anonymous visitors notice nothing, and the application recovers.
func TestTheWayToTheStoreFails(t *testing.T) {
	inEachStore(t, servers(), func(t *testing.T, s store) {
		w, s := newWire(t, s)
		c := newCluster(t, s, 1, map[string]string{"LOG_LEVEL": "warn"})
		for _, fault := range []struct {
			name  string
			shape shape
		}{
			{"closed", closed}, {"cut in the middle", cut}, {"dripping", drip},
			{"silent", silent}, {"somebody else's answers", nonsense},
		} {
			t.Run(fault.name, func(t *testing.T) {
				c := c.on(t)
				b := c.signedIn(0, fakeidp.UserMember)
				w.set(fault.shape)
				w.breakLines()
				c.checkNoWay(b)
				w.set(well)
				c.checkWayBack(b)
			})
		}
		t.Run("kept connections fall silent", func(t *testing.T) {
			c := c.on(t)
			b := c.signedIn(0, fakeidp.UserMember)
			w.muteLines() // like a firewall that has forgotten the connections
			c.checkWayBack(b)
		})
		w.set(silent)
		w.muteLines()
		c.instances[0].stop() // in time, although the server does not close the connections
	})
}

// checkNoWay requests pages while the store cannot be reached.
func (c *cluster) checkNoWay(b *browser) {
	c.t.Helper()
	cookies, stranger := b.jar.Cookies(b.origin()), c.browser()
	var all sync.WaitGroup
	for _, ask := range []struct {
		browser      *browser
		method, path string
		status       int
	}{
		{b, http.MethodGet, "/", http.StatusServiceUnavailable},
		{b, http.MethodGet, "/sessions", http.StatusServiceUnavailable},
		{b, http.MethodPost, "/logout", http.StatusServiceUnavailable},
		{stranger, http.MethodGet, "/", http.StatusOK},
		{stranger, http.MethodGet, "/healthz", http.StatusOK},
		{stranger, http.MethodGet, "/readyz", http.StatusServiceUnavailable},
	} {
		all.Go(func() {
			r, err := ask.browser.try(0, ask.method, ask.path, nil)
			if !assert.NoError(c.t, err) {
				return
			}
			assert.Equal(c.t, ask.status, r.StatusCode, "%s %s", ask.method, ask.path)
			assert.LessOrEqual(c.t, r.took, storeLimit, "%s %s", ask.method, ask.path)
			if ask.status == http.StatusServiceUnavailable {
				assert.Empty(c.t, orUnavailable(ask.path, r, nil), "%s %s", ask.method, ask.path)
			}
		})
	}
	all.Wait()
	assert.Equal(c.t, cookies, b.jar.Cookies(b.origin()), "no cookie is taken away")
}

// checkWayBack waits until several pages in a row succeed, and returns. Until then,
// pages may fail only because of broken connections.
func (c *cluster) checkWayBack(b *browser) {
	c.t.Helper()
	inARow := 0
	eventually(c.t, startLimit, "pages come again", func() bool {
		r := b.get(0, "/")
		require.Empty(c.t, orUnavailable("/", r, nil))
		if inARow++; !r.greets() {
			inARow = 0
		}
		return inARow == 20
	})
	c.awaitReady()
	require.Equal(c.t, http.StatusSeeOther, b.post(0, "/logout", nil).StatusCode)
	b.everywhere(false, "after the sign-out")
	c.signedIn(0, fakeidp.UserMember).everywhere(true, "a new sign-in")
}
