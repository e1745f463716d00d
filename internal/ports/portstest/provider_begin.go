package portstest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func beginTests() map[string]func(*testing.T, ProviderHarness) {
	return map[string]func(*testing.T, ProviderHarness){
		"Begin/state goes to the provider unchanged":   beginKeepsState,
		"Begin/each call has a URL and secret its own": beginIsUnique,
		"Begin/the secret stays out of the URL":        beginHidesSecret,
	}
}

// suiteState is a state of the length and alphabet that the domain makes.
const suiteState = "c3RhdGUtb2YtdGhlLXN1aXRlLTAxMjM0NTY3ODk_-Aa"

func beginSignIn(t testing.TB, h ProviderHarness, scopes ...string) ports.Authorization {
	t.Helper()
	a, err := h.Provider.Begin(t.Context(), ports.AuthorizationRequest{State: suiteState, Scopes: scopes})
	require.NoError(t, err)
	require.NotEmpty(t, a.URL)
	require.NotEmpty(t, a.Secret)
	return a
}

func beginKeepsState(t *testing.T, h ProviderHarness) {
	u, err := url.Parse(beginSignIn(t, h).URL)
	require.NoError(t, err)
	assert.True(t, u.IsAbs())
	assert.Equal(t, []string{suiteState}, u.Query()["state"])
}

func beginIsUnique(t *testing.T, h ProviderHarness) {
	first, second := beginSignIn(t, h), beginSignIn(t, h)
	assert.NotEqual(t, first.URL, second.URL)
	assert.NotEqual(t, first.Secret, second.Secret)
}

func beginHidesSecret(t *testing.T, h ProviderHarness) {
	a := beginSignIn(t, h)
	decoded, err := url.QueryUnescape(a.URL)
	require.NoError(t, err)
	assert.False(t, strings.Contains(decoded, a.Secret))
}
