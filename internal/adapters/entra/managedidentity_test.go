package entra_test

import (
	"context"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/clientauth"
	"webapp/internal/ports"
	"webapp/internal/test/identitytest"
	"webapp/internal/test/rsakeys"
)

const (
	identityID  = "1d0c7f52-63be-4f0a-9d3e-8b52c4a7e610"
	principalID = "e5b8d3a4-0c92-47d1-8f36-7a19c2e0b4d8"
	entraIssuer = "https://login.microsoftonline.com/" + fakeidp.ContosoTenantID + "/v2.0"
)

// identityWorld is a host with a managed identity and a provider that trusts its
// tokens.
func identityWorld(t *testing.T, path, header string) (world, *identitytest.IdentityEndpoint) {
	t.Helper()
	endpoint := &identitytest.IdentityEndpoint{ClientID: identityID, PrincipalID: principalID, Header: header}
	host := httptest.NewServer(endpoint)
	t.Cleanup(host.Close)
	var key *rsa.PublicKey
	w := credentialWorld(t, nil, func(f *fakeidp.Config, e *entra.Config) {
		tokens, err := identitytest.NewTokenIssuer(entraIssuer, rsakeys.Key(1), f.Clock)
		require.NoError(t, err)
		endpoint.Tokens, key = tokens, tokens.Key()
		e.Credential.ManagedIdentity = credential.ManagedIdentity{ClientID: identityID, Endpoint: host.URL + path, Header: header}
	})
	w.idp.AddClient(clientWith(clientauth.NewFederated(entraIssuer, principalID, exchange, key)))
	return w, endpoint
}

func TestManagedIdentitySignsIn(t *testing.T) {
	for name, c := range map[string]struct{ path, header, version string }{
		"virtual machine": {identitytest.PathInstanceMetadata, "", "2018-02-01"},
		"App Service":     {identitytest.PathAppService, "the-header-of-this-host", "2019-08-01"},
	} {
		t.Run(name, func(t *testing.T) {
			w, endpoint := identityWorld(t, c.path, c.header)
			for range 3 {
				w.mustSignIn(t, fakeidp.UserMember)
			}
			asked := endpoint.Requests()
			require.Len(t, asked, 1, "the token is kept")
			assert.Equal(t, exchange, asked[0].Get("resource"))
			assert.Equal(t, identityID, asked[0].Get("client_id"))
			assert.Equal(t, c.version, asked[0].Get("api-version"))
			_, known := w.provider.CredentialExpiry()
			assert.False(t, known)
		})
	}
}

func TestManagedIdentityTokenIsRenewed(t *testing.T) {
	w, endpoint := identityWorld(t, identitytest.PathInstanceMetadata, "")
	w.mustSignIn(t, fakeidp.UserMember)
	w.clock.Advance(identitytest.IdentityTokenLifetime/2 + time.Second)
	endpoint.Fail(-1, http.StatusServiceUnavailable)
	w.mustSignIn(t, fakeidp.UserMember)
	w.mustSignIn(t, fakeidp.UserMember)
	assert.Len(t, endpoint.Requests(), 3, "one attempt with one repetition, then the old token for a minute")
	endpoint.Fail(0, 0)
	w.clock.Advance(time.Minute)
	w.mustSignIn(t, fakeidp.UserMember)
	assert.Len(t, endpoint.Requests(), 4)
}

func TestManagedIdentityFails(t *testing.T) {
	for name, c := range map[string]struct {
		status, times, requests int
		text                    string
	}{
		"a passing fault":    {http.StatusServiceUnavailable, 1, 2, ""},
		"starting up":        {http.StatusNotFound, 1, 2, ""},
		"throttled":          {http.StatusTooManyRequests, 1, 2, ""},
		"down":               {http.StatusServiceUnavailable, -1, 2, "status 503"},
		"not assigned":       {http.StatusBadRequest, -1, 1, "no such managed identity"},
		"forbidden":          {http.StatusForbidden, -1, 1, "status 403"},
		"an empty answer":    {http.StatusOK, -1, 1, "no token"},
		"a redirect of some": {http.StatusFound, -1, 1, "status 302"},
	} {
		t.Run(name, func(t *testing.T) {
			w, endpoint := identityWorld(t, identitytest.PathInstanceMetadata, "")
			endpoint.Fail(c.times, c.status)
			_, err := w.signIn(t, fakeidp.UserMember)
			assert.Len(t, endpoint.Requests(), c.requests)
			if c.text == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ports.ErrProviderUnavailable)
			assert.ErrorContains(t, err, c.text)
			assert.Zero(t, w.idp.Requests(fakeidp.EndpointToken), "the code is not posted without a proof")
			endpoint.Fail(0, 0)
			w.clock.Advance(time.Second)
			w.mustSignIn(t, fakeidp.UserMember)
		})
	}
}

// TestManagedIdentityIsAskedOnceByMany also checks that each caller waits only until
// its own deadline.
func TestManagedIdentityIsAskedOnceByMany(t *testing.T) {
	w, endpoint := identityWorld(t, identitytest.PathInstanceMetadata, "")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { assert.NoError(t, signInQuietly(t, w)) })
	}
	all.Wait()
	assert.Len(t, endpoint.Requests(), 1)

	arrived, release := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-release
	}))
	defer slow.Close()
	defer close(release)
	w = credentialWorld(t, nil, func(_ *fakeidp.Config, e *entra.Config) {
		e.Credential.ManagedIdentity = credential.ManagedIdentity{ClientID: identityID, Endpoint: slow.URL}
		e.Pause = func(context.Context, time.Duration) error { return errors.New("no") }
	})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	a := w.begin(t)
	cb := w.approve(t, a.URL, fakeidp.UserMember)
	go func() { _, err := w.provider.Complete(ctx, cb, a.Secret); first <- err }()
	<-arrived
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err := w.provider.Complete(gone, cb, a.Secret)
	require.ErrorIs(t, err, context.Canceled)
	cancel()
	require.ErrorIs(t, <-first, context.Canceled)
}
