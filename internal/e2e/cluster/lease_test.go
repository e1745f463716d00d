//go:build integration && linux

package cluster

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// leaseLimit is the longest lifetime of a lease, plus the wait of a page that finds
// it shortly before its end.
const leaseLimit = 30*time.Second + pageLimit

// An instance is killed while it refreshes tokens. Browsers with a valid token can
// still call the API. Browsers without one get 503 and stay signed in. After the
// lease has expired, another instance refreshes the tokens.
func TestLeaseOfAKilledInstance(t *testing.T) {
	inEachStore(t, stores(), func(t *testing.T, s store) {
		c := newCluster(t, s, 3, nil)
		c.tokenLife.Store(240) // the application refreshes in the last five minutes
		good := c.signedIn(1, fakeidp.UserMember)
		c.tokenLife.Store(1)
		ended := c.signedIn(2, fakeidp.UserAdmin)
		c.awaitEndOfToken()

		leased := c.killWhileRefreshing(0, good, ended)
		for instance := 1; instance <= 2; instance++ {
			r := good.get(instance, "/call_api")
			assert.Equal(t, http.StatusOK, r.StatusCode, "with the token of before: %s", r.body)
			assert.Contains(t, r.body, "Adele Vance")
		}
		r := ended.get(1, "/call_api")
		assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, r.body)
		assert.NotEmpty(t, r.Header.Get("Retry-After"))
		assert.LessOrEqual(t, r.took, pageLimit)
		ended.everywhere(true, "while the lease lasts")
		assert.Equal(t, 2, c.refreshes(), "nobody else has asked the provider")

		eventually(t, leaseLimit, "the lease runs out", func() bool {
			r = ended.get(2, "/call_api")
			if r.StatusCode != http.StatusOK {
				require.Equal(t, http.StatusServiceUnavailable, r.StatusCode, r.body)
			}
			return r.StatusCode == http.StatusOK
		})
		assert.LessOrEqual(t, time.Since(leased), leaseLimit)
		assert.Contains(t, r.body, "Megan Bowen")
		eventually(t, pageLimit, "each session's token is renewed, once", func() bool {
			require.Contains(t, good.get(1, "/call_api").body, "Adele Vance")
			return c.refreshes() == 4
		})
		ended.everywhere(true, "after the lease")
	})
}

// awaitEndOfToken waits until a token with a lifetime of one second has expired.
func (c *cluster) awaitEndOfToken() {
	c.t.Helper()
	ended := time.Now().Add(time.Duration(c.tokenLife.Load()) * time.Second)
	eventually(c.t, startLimit, "the access token has ended", func() bool { return time.Now().After(ended) })
}

// killWhileRefreshing kills an instance while it refreshes the tokens of these
// browsers. The provider has not handled the requests and never will. It returns a
// time shortly before the first lease was taken.
func (c *cluster) killWhileRefreshing(instance int, browsers ...*browser) time.Time {
	c.t.Helper()
	begin := time.Now()
	arrived := c.holdRefreshes(len(browsers))
	for _, b := range browsers {
		go func() { _, _ = b.try(instance, http.MethodGet, "/call_api", nil) }() // there is no response
	}
	for range browsers {
		await(c.t, arrived, "the refresh at the provider")
	}
	c.instances[instance].kill()
	return begin
}
