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
		{"Begin/a person who is signed in chooses no account", beginKeepsPerson},
		{"Begin/max_age and acr_values go to the provider", beginPassesStepUp},
		{"Push/as announced, or not at all", pushAnnounced},
		{"Push/a failure is a failed sign-in", pushFails},
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

// request returns the parameters of the authorization request behind a URL.
func (h *providerTest) request(t testing.TB, authorizationURL string) url.Values {
	t.Helper()
	u, err := url.Parse(authorizationURL)
	require.NoError(t, err)
	assert.True(t, u.IsAbs())
	if h.Pushed != nil {
		if pushed := h.Pushed(authorizationURL); pushed != nil {
			return pushed
		}
	}
	return u.Query()
}

func beginKeepsState(t *testing.T, h *providerTest) {
	assert.Equal(t, []string{suiteState}, h.request(t, beginSignIn(t, h).URL)["state"])
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
	assert.Equal(t, value, h.request(t, beginSignIn(t, h).URL).Get(name), "the request has no %s=%s", name, value)
}

func beginPassesHint(t *testing.T, h *providerTest) {
	const hint = "O.aGludC1vZi10aGUtc3VpdGU"
	a, err := h.Provider.Begin(t.Context(), ports.AuthorizationRequest{State: suiteState, LoginHint: hint})
	require.NoError(t, err)
	passed := slices.ContainsFunc(slices.Collect(maps.Values(h.request(t, a.URL))), func(values []string) bool {
		return slices.Equal(values, []string{hint})
	})
	assert.True(t, passed, "no parameter of the request is the login hint")
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
		sent := h.request(t, a.URL)
		assert.Equal(t, one.maxAge, sent["max_age"])
		assert.Equal(t, one.acr, sent["acr_values"])
	}
}

func beginKeepsPerson(t *testing.T, h *providerTest) {
	name, _, _ := strings.Cut(cmp.Or(h.ChooseAccount, "prompt=select_account"), "=")
	person := ports.Identity{Issuer: "https://provider.example", Subject: "another", Username: "ada@contoso.example"}
	a, err := h.Provider.Begin(t.Context(), ports.AuthorizationRequest{State: suiteState, Person: person})
	require.NoError(t, err)
	assert.False(t, h.request(t, a.URL).Has(name))
	in, err := h.Provider.Complete(t.Context(), h.Approve(t, a.URL), a.Secret)
	require.NoError(t, err)
	assert.NotEqual(t, person.Subject, in.Identity.Subject, "the person is a hint only")
}

// pushes reports whether the adapter announces that Begin sends a request.
func (h *providerTest) pushes() bool {
	pusher, ok := h.Provider.(ports.RequestPusher)
	return ok && pusher.PushesRequests()
}

func pushAnnounced(t *testing.T, h *providerTest) {
	if h.InMemory {
		return
	}
	beginSignIn(t, h) // loads the metadata
	before := len(h.network.made())
	pushes := h.pushes()
	assert.Len(t, h.network.made(), before, "the question makes no request")
	a := beginSignIn(t, h)
	u, err := url.Parse(a.URL)
	require.NoError(t, err)
	if !pushes {
		assert.Len(t, h.network.made(), before, "a request that was not announced")
		return
	}
	assert.Len(t, h.network.made(), before+1)
	for _, kept := range []string{"state", "redirect_uri", "nonce", "code_challenge", "scope"} {
		assert.False(t, u.Query().Has(kept), "%s is in the URL of a pushed request", kept)
	}
}

func pushFails(t *testing.T, h *providerTest) {
	beginSignIn(t, h)
	if !h.pushes() {
		return
	}
	h.Down(true)
	assert.True(t, h.pushes())
	a, err := h.Provider.Begin(t.Context(), ports.AuthorizationRequest{State: suiteState})
	require.ErrorIs(t, err, ports.ErrProviderUnavailable)
	assert.Empty(t, a)
}
