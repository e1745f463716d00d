package portstest

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

// ProviderHarness contains the constructor of an adapter and a fake provider for it. The
// provider of a new harness is reachable.
type ProviderHarness struct {
	// New is the adapter's constructor; see NewProvider. Registration is complete
	// and known to the provider.
	New          OpenProvider
	Registration ports.Registration
	// Transport sends the adapter's requests to the fake provider, several at once.
	// Serve returns one for a handler.
	Transport http.RoundTripper
	// Clock is the clock of the provider and the adapter. If it is nil, the suite
	// creates one.
	Clock *Clock
	// Approve opens an authorization URL as a person who signs in, always with the
	// same account, and returns the callback.
	Approve func(t testing.TB, authorizationURL string) ports.Callback
	// Decline opens an authorization URL as a person who declines, and returns the
	// callback.
	Decline func(t testing.TB, authorizationURL string) ports.Callback
	// Subject sets the account's subject in all later responses to a JSON value. With
	// "" the responses have no subject.
	Subject func(value string)
	// Scopes are the scopes of an API that the account may use.
	Scopes []string
	// Pushed returns the parameters of the pushed request behind an authorization URL,
	// or nil. An adapter with ports.RequestPusher needs it.
	Pushed func(authorizationURL string) url.Values
	// ChooseAccount is the parameter of the authorization URL that lets the person
	// choose an account. The default is prompt=select_account.
	ChooseAccount string

	// BeginsAlone says that Begin makes no request, so it works while the provider is
	// down.
	BeginsAlone bool
	// NoIDTokens says that the provider has no ID tokens, so a sign-in has no nonce.
	NoIDTokens bool
	// InMemory says that the adapter is a fake that makes no requests. Registration,
	// Transport and Subject are then not used, and Down is required.
	InMemory bool

	// SignLogout returns a logout token of the provider with these claims, issued now.
	// It omits empty fields, sets the issuer and ignores Expires. An adapter with
	// ports.LogoutTokenVerifier needs it.
	SignLogout func(t testing.TB, claims ports.LogoutToken) string
	// Groups returns the number of the account's groups, and an access token for
	// MemberGroups. An adapter with ports.GroupLookup needs it.
	Groups func(t testing.TB) (n int, accessToken string)
	// Down makes the provider unreachable (true) and reachable again (false). If it is
	// nil, the suite disconnects Transport.
	Down func(bool)
}

// OpenProvider is the constructor of an identity provider adapter.
type OpenProvider func(r ports.Registration, transport http.RoundTripper, now func() time.Time) (ports.IdentityProvider, error)

// NewProvider returns an OpenProvider for a New function that returns a concrete type.
func NewProvider[P ports.IdentityProvider](open func(ports.Registration, http.RoundTripper, func() time.Time) (P, error)) OpenProvider {
	return func(r ports.Registration, transport http.RoundTripper, now func() time.Time) (ports.IdentityProvider, error) {
		return open(r, transport, now)
	}
}

// IdentityProvider tests an adapter against the contract of ports.IdentityProvider and
// of each optional ability that the adapter has.
func IdentityProvider(t *testing.T, newHarness func(t *testing.T) ProviderHarness) {
	t.Helper()
	connect := func(t *testing.T) *providerTest { return newProviderTest(t, newHarness) }
	runAll(t, connect,
		registrationTests(), beginTests(), completeTests(), refusalTests(), callTests(), outageTests(),
		signOutTests(), refreshTests(), revocationTests(), readinessTests(), logoutTests(), groupTests(), flowTests(),
		adminConsentTests(),
	)
}

// providerTest is a harness with a new adapter, which reaches the provider through a
// network that can fail.
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

// Down makes the provider unreachable (true) and reachable again (false).
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

// recovery is how long an adapter may wait after an outage before it tries again.
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
