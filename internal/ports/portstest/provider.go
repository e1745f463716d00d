package portstest

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// ProviderHarness is what the suite of the identity-provider port needs of an
// adapter's author: how to make the adapter, and a provider to play with. The
// suite asks for a new harness in each test, with a provider that is up.
type ProviderHarness struct {
	// New makes the adapter. NewProvider adapts a New function that returns a
	// concrete type. Registration is a complete one, known to the provider.
	New          OpenProvider
	Registration ports.Registration
	// Transport leads the adapter's calls to the played provider; Serve makes
	// one from a handler.
	Transport http.RoundTripper
	// Clock is the clock of the played provider. The adapter gets it too. nil
	// is a clock of the suite's own.
	Clock *Clock
	// Approve follows an authorization URL as a person who signs in, always
	// with the same account, and returns what the provider sent the browser
	// back with.
	Approve func(t testing.TB, authorizationURL string) ports.Callback
	// Decline does the same as a person who refuses.
	Decline func(t testing.TB, authorizationURL string) ports.Callback
	// Subject makes the provider state the account's subject as this JSON value
	// from now on; with "" it leaves the subject out.
	Subject func(value string)
	// Scopes are those of an API for which the account gets access tokens.
	Scopes []string
	// ChooseAccount is the parameter of an authorization URL that makes the
	// provider ask which account to use. The default is prompt=select_account.
	ChooseAccount string

	// BeginsAlone: Begin does not call the provider, so it works while the
	// provider is down.
	BeginsAlone bool
	// NoIDTokens: the provider has no ID tokens, so a sign-in has no nonce.
	NoIDTokens bool
	// InMemory: the adapter is a fake that makes no calls. It needs no
	// Registration, Transport and Subject, but Down.
	InMemory bool

	// SignLogout returns the provider's logout token with these claims, issued
	// now, for an adapter with ports.LogoutTokenVerifier. An empty field is left out,
	// the issuer is filled in, and Expires is not used.
	SignLogout func(t testing.TB, claims ports.LogoutToken) string
	// Groups returns how many groups the account has, and an access token to
	// look them up with, for an adapter with ports.GroupLookup.
	Groups func(t testing.TB) (n int, accessToken string)
	// Down makes the provider unreachable, and reachable again. nil cuts off
	// Transport.
	Down func(bool)
}

// OpenProvider makes an identity-provider adapter.
type OpenProvider func(r ports.Registration, transport http.RoundTripper, now func() time.Time) (ports.IdentityProvider, error)

// NewProvider turns an adapter's New function into an OpenProvider.
func NewProvider[P ports.IdentityProvider](open func(ports.Registration, http.RoundTripper, func() time.Time) (P, error)) OpenProvider {
	return func(r ports.Registration, transport http.RoundTripper, now func() time.Time) (ports.IdentityProvider, error) {
		return open(r, transport, now)
	}
}

// IdentityProvider checks that an adapter keeps the contract of
// ports.IdentityProvider, and of each optional ability that it has.
func IdentityProvider(t *testing.T, newHarness func(t *testing.T) ProviderHarness) {
	t.Helper()
	connect := func(t *testing.T) *providerTest { return newProviderTest(t, newHarness) }
	runAll(t, connect,
		registrationTests(), beginTests(), completeTests(), refusalTests(), callTests(), outageTests(),
		signOutTests(), refreshTests(), readinessTests(), logoutTests(), groupTests(),
	)
}

// providerTest is the harness of one test, with a new adapter that talks to the
// provider over a network that can fail.
type providerTest struct {
	ProviderHarness
	Provider ports.IdentityProvider
	network  *network
	// again returns a providerTest with a new harness.
	again func(t *testing.T) *providerTest
}

func newProviderTest(t *testing.T, newHarness func(t *testing.T) ProviderHarness) *providerTest {
	t.Helper()
	h := &providerTest{ProviderHarness: newHarness(t)}
	h.again = func(t *testing.T) *providerTest { return newProviderTest(t, newHarness) }
	if !h.InMemory {
		require.NotNil(t, h.Transport, "the harness needs Transport")
		require.NotNil(t, h.Subject, "the harness needs Subject")
	}
	if h.Clock == nil {
		h.Clock = NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	}
	h.network = &network{next: h.Transport}
	var err error
	h.Provider, err = h.open(h.Registration)
	require.NoError(t, err)
	return h
}

func (h *providerTest) open(r ports.Registration) (ports.IdentityProvider, error) {
	return h.New(r, h.network, h.Clock.Now)
}

// Advance moves the clock of the adapter and the provider.
func (h *providerTest) Advance(d time.Duration) { h.Clock.Advance(d) }

// Down makes the provider unreachable, and reachable again.
func (h *providerTest) Down(down bool) {
	if h.ProviderHarness.Down != nil {
		h.ProviderHarness.Down(down)
		return
	}
	h.network.misbehave(never)
	if down {
		h.network.misbehave(unreachable)
	}
}

// recovery is how long the suite lets an adapter be cautious after an outage.
const recovery = 2 * time.Minute

func registrationTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"New/an incomplete registration is refused", registrationIncomplete},
	}
}

func registrationIncomplete(t *testing.T, h *providerTest) {
	if h.InMemory {
		return
	}
	for missing, take := range map[string]func(*ports.Registration){
		"everything":        func(r *ports.Registration) { *r = ports.Registration{} },
		"the client ID":     func(r *ports.Registration) { r.ClientID = "" },
		"the client secret": func(r *ports.Registration) { r.ClientSecret = nil },
		"the redirect URI":  func(r *ports.Registration) { r.RedirectURI = "" },
	} {
		r := h.Registration
		take(&r)
		_, err := h.open(r)
		assert.Error(t, err, "New accepts a registration without "+missing)
	}
}
