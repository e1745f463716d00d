//go:build integration && linux

package cluster

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/rsakeys"
)

// pageLimit is the time limit of a page. The slowest pages wait five seconds for
// another instance to refresh a token.
const pageLimit = 9 * time.Second

// cluster is several instances behind a balancer, with one provider and one store.
type cluster struct {
	t         *testing.T
	idp       *fakeidp.Provider
	instances []*instance
	origin    string // the public origin of the balancer
	// tokenLife is expires_in of a sign-in in seconds; 0 for an hour. Refreshed
	// tokens are valid for an hour.
	tokenLife *atomic.Int64
	transport *http.Transport
}

// newCluster starts n instances that share s. env is added to the usual variables.
func newCluster(t *testing.T, s store, n int, env map[string]string) *cluster {
	t.Helper()
	c := &cluster{t: t, tokenLife: &atomic.Int64{}, transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	t.Cleanup(c.transport.CloseIdleConnections)
	base := c.startProvider()
	var targets []string
	for range n {
		targets = append(targets, freeAddr(t))
	}
	c.origin = startBalancer(t, targets)
	key := newKey()
	for _, addr := range targets {
		vars := map[string]string{
			"AUTHORITY": c.idp.Authority(fakeidp.ContosoTenantID),
			"CLIENT_ID": fakeidp.DefaultClientID, "CLIENT_SECRET": fakeidp.DefaultClientSecret,
			"SCOPE": "User.Read", "ENDPOINT": base + "/v1.0/me",
			"LISTEN_ADDR": addr, "REDIRECT_URI": c.origin + "/getAToken",
			"SESSION_STORE": s.url, "SESSION_KEY": key,
		}
		maps.Copy(vars, env)
		i := &instance{t: t, addr: addr, env: vars}
		i.start()
		c.instances = append(c.instances, i)
	}
	client := fakeidp.DefaultClient()
	client.FrontChannelLogoutURI = c.origin + "/frontchannel-logout"
	c.idp.AddClient(client)
	return c
}

func (c *cluster) startProvider() (base string) {
	c.t.Helper()
	var err error
	c.idp, err = fakeidp.New(fakeidp.Config{NewKey: rsakeys.Sequence()})
	require.NoError(c.t, err)
	base, err = c.idp.Start("127.0.0.1:0")
	require.NoError(c.t, err)
	c.t.Cleanup(func() { _ = c.idp.Close() })
	c.idp.Mutate(func(draft *fakeidp.TokenDraft) {
		if life := c.tokenLife.Load(); life > 0 && draft.GrantType == "authorization_code" {
			draft.Response["expires_in"] = life
		}
	})
	return base
}

// on returns the same cluster for a subtest.
func (c *cluster) on(t *testing.T) *cluster {
	return &cluster{t: t, idp: c.idp, instances: c.instances, origin: c.origin, tokenLife: c.tokenLife, transport: c.transport}
}

// issuer returns the issuer of the ID tokens.
func (c *cluster) issuer() string { return c.idp.Issuer(fakeidp.ContosoTenantID) }

// awaitReady waits until all instances are ready.
func (c *cluster) awaitReady() {
	c.t.Helper()
	for _, i := range c.instances {
		c.awaitReadiness(i, http.StatusOK)
	}
}

// awaitReadiness waits until /readyz of an instance responds with status, and
// returns the body.
func (c *cluster) awaitReadiness(i *instance, status int) (reason string) {
	c.t.Helper()
	eventually(c.t, startLimit, fmt.Sprintf("/readyz answers %d", status), func() bool {
		got, text, _ := fetch("http://" + i.addr + "/readyz")
		reason = text
		return got == status
	})
	return reason
}

// holdRefreshes makes the provider hold the next n refreshes, until Heal or until
// the client disconnects. The returned channel receives a value for each refresh
// that arrives.
func (c *cluster) holdRefreshes(n int) <-chan struct{} {
	arrived := make(chan struct{}, n)
	c.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{
		Match: isRefresh, Times: n, Hang: true, Met: func() { arrived <- struct{}{} },
	})
	return arrived
}

// refreshes returns the number of refreshes among the last token requests.
func (c *cluster) refreshes() int {
	n := 0
	for _, r := range c.idp.Log(fakeidp.EndpointToken) {
		if isRefresh(r.Form) {
			n++
		}
	}
	return n
}

func isRefresh(form url.Values) bool { return form.Get("grant_type") == "refresh_token" }

func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

// fetch requests a URL without a browser.
func fetch(target string) (status int, body string, err error) {
	client := http.Client{Timeout: pageLimit}
	res, err := client.Get(target)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

// eventually waits until the condition is true. After a time limit it ends the test.
func eventually(t *testing.T, limit time.Duration, what string, isSo func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(limit)
	for !isSo() {
		select {
		case <-tick.C:
		case <-deadline:
			require.Fail(t, "not in time", "%s: not within %v", what, limit)
		}
	}
}

// await receives from a channel. After a time limit it ends the test.
func await[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(startLimit):
		require.Fail(t, "not in time", what)
		panic("unreachable")
	}
}
