package entra_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/providerhttp"
)

// namer records the endpoint of each request.
type namer struct {
	http.RoundTripper
	mu    sync.Mutex
	asked map[string]int
}

func (n *namer) RoundTrip(req *http.Request) (*http.Response, error) {
	n.mu.Lock()
	n.asked[providerhttp.EndpointOf(req.Context())]++
	n.mu.Unlock()
	return n.RoundTripper.RoundTrip(req)
}

func TestATransportCanTellTheEndpoints(t *testing.T) {
	transport := &namer{RoundTripper: providerhttp.NewTransport(providerhttp.DefaultTimeout), asked: map[string]int{}}
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) { c.Transport = transport })
	signedIn := w.mustSignIn(t, fakeidp.UserManyGroups, apiScope)
	_, err := w.provider.MemberGroups(t.Context(), signedIn.Tokens.AccessTokens[0].Value)
	assert.NoError(t, err)
	transport.mu.Lock()
	defer transport.mu.Unlock()
	assert.NotZero(t, transport.asked["graph"])
	delete(transport.asked, "graph")
	assert.Equal(t, map[string]int{"metadata": 1, "keys": 1, "token": 1}, transport.asked)
	assert.Empty(t, providerhttp.EndpointOf(t.Context()))
}

func TestATransportCanTellTheUserInfoEndpoint(t *testing.T) {
	transport := &namer{RoundTripper: providerhttp.NewTransport(providerhttp.DefaultTimeout), asked: map[string]int{}}
	w := namelessWorld(t, func(c *entra.Config) { c.Transport = transport })
	w.mustSignIn(t, fakeidp.UserMember)
	transport.mu.Lock()
	defer transport.mu.Unlock()
	assert.Equal(t, map[string]int{"metadata": 1, "keys": 1, "token": 1, "userinfo": 1}, transport.asked)
}
