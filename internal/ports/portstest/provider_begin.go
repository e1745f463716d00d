package portstest

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func beginTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Begin/state goes to the provider unchanged", beginKeepsState},
		{"Begin/each call has a URL and secret its own", beginIsUnique},
		{"Begin/the secret stays out of the URL", beginHidesSecret},
		{"Begin/without a hint the person chooses an account", beginLetsChoose},
		{"Begin/a login hint goes to the provider", beginPassesHint},
		{"Begin/max_age and acr_values go to the provider", beginPassesStepUp},
	}
}

// suiteState is a state with the same length and alphabet as a state of the domain.
const suiteState = "c3RhdGUtb2YtdGhlLXN1aXRlLTAxMjM0NTY3ODk_-Aa"

func beginSignIn(t testing.TB, h *providerTest, scopes ...string) ports.Authorization {
	t.Helper()
	a, err := h.Provider.Begin(t.Context(), ports.AuthorizationRequest{State: suiteState, Scopes: scopes})
	require.NoError(t, err)
	require.NotEmpty(t, a.URL)
	require.NotEmpty(t, a.Secret)
	return a
}

func beginKeepsState(t *testing.T, h *providerTest) {
	u, err := url.Parse(beginSignIn(t, h).URL)
	require.NoError(t, err)
	assert.True(t, u.IsAbs())
	assert.Equal(t, []string{suiteState}, u.Query()["state"])
}

func beginIsUnique(t *testing.T, h *providerTest) {
	first, second := beginSignIn(t, h), beginSignIn(t, h)
	assert.NotEqual(t, first.URL, second.URL)
	assert.NotEqual(t, first.Secret, second.Secret)
}

func beginHidesSecret(t *testing.T, h *providerTest) {
	a := beginSignIn(t, h)
	decoded, err := url.QueryUnescape(a.URL)
	require.NoError(t, err)
	assert.False(t, strings.Contains(decoded, a.Secret))
}

func beginLetsChoose(t *testing.T, h *providerTest) {
	name, value, _ := strings.Cut(cmp.Or(h.ChooseAccount, "prompt=select_account"), "=")
	u, err := url.Parse(beginSignIn(t, h).URL)
	require.NoError(t, err)
	assert.Equal(t, value, u.Query().Get(name), "the URL has no %s=%s", name, value)
}

func beginPassesHint(t *testing.T, h *providerTest) {
	const hint = "O.aGludC1vZi10aGUtc3VpdGU"
	a, err := h.Provider.Begin(t.Context(), ports.AuthorizationRequest{State: suiteState, LoginHint: hint})
	require.NoError(t, err)
	u, err := url.Parse(a.URL)
	require.NoError(t, err)
	passed := slices.ContainsFunc(slices.Collect(maps.Values(u.Query())), func(values []string) bool {
		return slices.Equal(values, []string{hint})
	})
	assert.True(t, passed, "no parameter of the URL is the login hint")
}

func beginPassesStepUp(t *testing.T, h *providerTest) {
	if h.NoIDTokens {
		return
	}
	for _, one := range []struct {
		req    ports.AuthorizationRequest
		maxAge []string
		acr    []string
	}{
		{ports.AuthorizationRequest{}, nil, nil},
		{ports.AuthorizationRequest{MaxAge: new(5 * time.Minute)}, []string{"300"}, nil},
		{ports.AuthorizationRequest{MaxAge: new(time.Duration(0))}, []string{"0"}, nil},
		{ports.AuthorizationRequest{ACRValues: []string{"urn:example:gold", "silver"}}, nil, []string{"urn:example:gold silver"}},
	} {
		one.req.State = suiteState
		a, err := h.Provider.Begin(t.Context(), one.req)
		require.NoError(t, err)
		u, err := url.Parse(a.URL)
		require.NoError(t, err)
		assert.Equal(t, one.maxAge, u.Query()["max_age"])
		assert.Equal(t, one.acr, u.Query()["acr_values"])
	}
}
