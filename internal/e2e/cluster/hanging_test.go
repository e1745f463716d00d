//go:build integration && linux

package cluster

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
)

// hangLimit is the time limit of a page that calls a server which never responds:
// ten seconds for the API, less for the provider.
const hangLimit = 16 * time.Second

// The error pages of a hanging provider, a hanging API and an unavailable store
// differ. Nobody is signed out.
func TestHangingProviderAndAPI(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newSQLite(t), 1, nil)
	good := c.signedIn(0, fakeidp.UserMember)
	c.tokenLife.Store(1)
	ended := c.signedIn(0, fakeidp.UserAdmin)
	c.awaitEndOfToken()
	c.holdRefreshes(2) // one request and its retry
	c.idp.Fail(fakeidp.EndpointMe, fakeidp.Fault{Times: 1, Hang: true})

	var both sync.WaitGroup
	for _, one := range []struct {
		browser *browser
		status  int
		says    string
	}{
		{good, http.StatusGatewayTimeout, "API"},
		{ended, http.StatusServiceUnavailable, "sign-in service"},
	} {
		both.Go(func() {
			r, err := one.browser.try(0, http.MethodGet, "/call_api", nil)
			if assert.NoError(t, err) {
				assert.Equal(t, one.status, r.StatusCode, r.body)
				assert.Contains(t, r.body, one.says)
				assert.LessOrEqual(t, r.took, hangLimit)
			}
		})
	}
	both.Wait()
	c.idp.Heal()
	for _, b := range []*browser{good, ended} {
		b.everywhere(true, "afterwards")
		assert.Equal(t, http.StatusOK, b.get(0, "/call_api").StatusCode)
	}
}
