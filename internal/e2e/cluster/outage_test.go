//go:build integration && linux

package cluster

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// storeLimit is the time limit of a page while the store is down: the timeout of a
// store operation and some more for a busy machine.
const storeLimit = 6 * time.Second

// orUnavailable is a judge for the time while the store is down. It also accepts 503
// with Retry-After that deletes no cookie and comes in time.
func orUnavailable(path string, r reply, err error) string {
	if err != nil || r.StatusCode != http.StatusServiceUnavailable {
		return mustServe(path, r, err)
	}
	switch {
	case r.Header.Get("Retry-After") == "":
		return "503 without Retry-After"
	case len(r.Cookies()) > 0:
		return "503 with a cookie"
	case r.took > pageLimit:
		return "503 after " + r.took.String()
	}
	return ""
}

// The store is killed under load and restarted. Then it hangs and resumes.
func TestStoreOutageUnderLoad(t *testing.T) {
	alone(t, servers(), func(t *testing.T, s store) {
		c := newCluster(t, s, 3, map[string]string{"LOG_LEVEL": "warn"})
		people := c.manySignedIn(12)
		for _, outage := range []struct {
			name       string
			begin, end func()
		}{
			{"killed", s.server.Kill, s.server.Restart},
			{"hanging", s.server.Pause, s.server.Resume},
		} {
			b, atProvider := c.signedIn(anyInstance, fakeidp.UserMember), c.browser()
			callback := atProvider.begin(anyInstance, fakeidp.UserMember)
			work := c.startLoad(people, orUnavailable)
			work.more(100)
			outage.begin()
			c.checkOutage(outage.name, b)
			c.checkCallbackInOutage(atProvider, callback)
			work.more(50)
			outage.end()
			c.awaitReady()
			work.more(100)
			work.finish()
			c.checkHealed(outage.name, people, b)
			c.checkLateCallback(atProvider, callback)
		}
	})
}

// checkOutage sends all kinds of requests to every instance while the store is down,
// as a signed-in browser and as an anonymous one.
func (c *cluster) checkOutage(outage string, b *browser) {
	c.t.Helper()
	cookies, stranger := b.jar.Cookies(b.origin()), c.browser()
	var all sync.WaitGroup
	for instance := range c.instances {
		for _, ask := range []struct {
			browser *browser
			method  string
			path    string
			status  int
			says    string
		}{
			{b, http.MethodGet, "/", http.StatusServiceUnavailable, "<h1>"},
			{b, http.MethodGet, "/call_api", http.StatusServiceUnavailable, "<h1>"},
			{b, http.MethodGet, "/sessions", http.StatusServiceUnavailable, "<h1>"},
			{b, http.MethodGet, "/admin", http.StatusServiceUnavailable, "<h1>"},
			{b, http.MethodGet, "/logout", http.StatusServiceUnavailable, "<h1>"},
			{b, http.MethodPost, "/logout", http.StatusServiceUnavailable, "<h1>"},
			{stranger, http.MethodGet, "/", http.StatusOK, "<h1>"},
			{stranger, http.MethodGet, "/call_api", http.StatusUnauthorized, "<h1>"},
			{stranger.copy(), http.MethodGet, "/login", http.StatusSeeOther, ""},
			{stranger, http.MethodGet, "/healthz", http.StatusOK, "ok"},
			{stranger, http.MethodGet, "/readyz", http.StatusServiceUnavailable, "session store"},
		} {
			all.Go(func() {
				r, err := ask.browser.try(instance, ask.method, ask.path, nil)
				if !assert.NoError(c.t, err) {
					return
				}
				what := fmt.Sprintf("%s: %s %s on instance %d", outage, ask.method, ask.path, instance)
				assert.Equal(c.t, ask.status, r.StatusCode, what)
				assert.Contains(c.t, r.body, ask.says, what)
				assert.LessOrEqual(c.t, r.took, storeLimit, what)
				if ask.status == http.StatusServiceUnavailable {
					assert.Empty(c.t, orUnavailable(ask.path, r, nil), what)
				}
			})
		}
	}
	all.Wait()
	assert.Equal(c.t, cookies, b.jar.Cookies(b.origin()), "%s: no cookie is taken away", outage)
}

// checkCallbackInOutage sends a callback while the store is down.
func (c *cluster) checkCallbackInOutage(b *browser, callback string) {
	c.t.Helper()
	codes := c.idp.Requests(fakeidp.EndpointToken)
	r := b.get(anyInstance, callback)
	assert.Equal(c.t, http.StatusServiceUnavailable, r.StatusCode, r.body)
	assert.Empty(c.t, orUnavailable(callback, r, nil), "callback")
	assert.Equal(c.t, codes, c.idp.Requests(fakeidp.EndpointToken), "the code is kept for later")
}

// checkLateCallback sends the same callback again after the outage.
func (c *cluster) checkLateCallback(b *browser, callback string) {
	c.t.Helper()
	r := b.get(anyInstance, callback)
	require.Equal(c.t, http.StatusSeeOther, r.StatusCode, "the same callback once the store is back: %s", r.body)
	b.everywhere(true, "after the callback")
}

// checkHealed requires that everybody is still signed in.
func (c *cluster) checkHealed(outage string, people []*browser, b *browser) {
	c.t.Helper()
	for _, one := range append(people, b) {
		one.everywhere(true, outage+" and back")
	}
	work := c.startLoad(people, mustServe)
	work.more(50)
	work.finish()
	require.Equal(c.t, http.StatusSeeOther, b.post(anyInstance, "/logout", nil).StatusCode)
	b.everywhere(false, outage+" and back, after the sign-out")
}
