package portstest

import (
	"testing"
	"time"

	"webapp/internal/ports"
)

// ProviderHarness is what the suite of the identity-provider port needs of an
// adapter: the adapter, and a person at the provider it talks to. The suite
// asks for a new one in each test, with a provider that is up and an adapter
// that has not talked to it yet.
type ProviderHarness struct {
	Provider ports.IdentityProvider
	// Approve follows an authorization URL as a person who signs in, always
	// with the same account, and returns what the provider sent the browser
	// back with.
	Approve func(t testing.TB, authorizationURL string) ports.Callback
	// Decline does the same as a person who says no.
	Decline func(t testing.TB, authorizationURL string) ports.Callback
	// Scopes are those of an API for which the account gets access tokens.
	Scopes []string
	// BeginsAlone says that a sign-in begins without asking the provider, and so
	// also while it is down. NoIDTokens says that the provider has no ID tokens,
	// so that a sign-in has no nonce.
	BeginsAlone bool
	NoIDTokens  bool
	// SignLogout makes the provider's logout token that says this, issued now,
	// for an adapter with ports.LogoutTokens; nil where it has not. An empty
	// field is left out, the issuer filled in and Expires not looked at.
	SignLogout func(t testing.TB, says ports.LogoutToken) string
	// Groups returns how many groups the account has, and an access token to
	// look them up with, for an adapter with ports.GroupLookup; nil where it has
	// not.
	Groups func(t testing.TB) (n int, accessToken string)
	// Down makes the provider unreachable, and reachable again.
	Down func(bool)
	// Advance moves the clock, such as a Clock, that the adapter and the provider
	// tell the time by.
	Advance func(time.Duration)
}

// IdentityProvider checks that an adapter keeps the contract of
// ports.IdentityProvider, and of each optional ability that it has.
func IdentityProvider(t *testing.T, newHarness func(t *testing.T) ProviderHarness) {
	t.Helper()
	for _, group := range []map[string]func(*testing.T, ProviderHarness){
		beginTests(), completeTests(), refusalTests(), outageTests(),
		signOutTests(), refreshTests(), readinessTests(), logoutTests(), groupTests(),
	} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) { test(t, newHarness(t)) })
		}
	}
}

// recovery is how long the suite lets an adapter be cautious after an outage.
const recovery = 2 * time.Minute
