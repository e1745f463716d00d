package portstest

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/ports"
)

func completeTests() []named[*providerTest] {
	return []named[*providerTest]{
		{"Complete/returns the identity", completeIdentifies},
		{"Complete/the same account is the same person", completeIsStable},
		{"Complete/returns no token without scopes", completeWithoutScopes},
		{"Complete/returns a token for the scopes", completeWithScopes},
		{"Complete/a token without a lifetime", completeWithoutLifetime},
		{"Complete/says when the person authenticated", completeSaysWhen},
		{"Complete/several sign-ins at once", completeConcurrently},
	}
}

func wholeSignIn(t testing.TB, h *providerTest, scopes ...string) ports.SignedIn {
	t.Helper()
	a := beginSignIn(t, h, scopes...)
	in, err := h.Provider.Complete(t.Context(), h.Approve(t, a.URL), a.Secret)
	require.NoError(t, err)
	return in
}

func completeIdentifies(t *testing.T, h *providerTest) {
	in := wholeSignIn(t, h)
	assert.NotEmpty(t, in.Identity.Issuer)
	assert.NotEmpty(t, in.Identity.Subject)
	assert.NotEmpty(t, in.Identity.Name)
	assert.Equal(t, h.NoIDTokens, in.Tokens.Nonce == "")
	assert.Contains(t, in.Claims, ports.Claim{Name: "iss", Value: in.Identity.Issuer})
	assert.Contains(t, in.Claims, ports.Claim{Name: "sub", Value: in.Identity.Subject})
	assert.Equal(t, in.Identity.TenantID == "", in.Identity.ObjectID == "")
}

func completeIsStable(t *testing.T, h *providerTest) {
	first, second := wholeSignIn(t, h), wholeSignIn(t, h)
	assert.Equal(t, first.Identity.Issuer, second.Identity.Issuer)
	assert.Equal(t, first.Identity.Subject, second.Identity.Subject)
	assert.Equal(t, first.Identity.ObjectID, second.Identity.ObjectID)
	if !h.NoIDTokens {
		assert.NotEqual(t, first.Tokens.Nonce, second.Tokens.Nonce)
	}
}

func completeWithoutScopes(t *testing.T, h *providerTest) {
	assert.Empty(t, wholeSignIn(t, h).Tokens.AccessTokens)
}

func completeWithScopes(t *testing.T, h *providerTest) {
	tokens := wholeSignIn(t, h, h.Scopes...).Tokens.AccessTokens
	require.Len(t, tokens, 1, "SignedIn.Tokens has one access token for the scopes")
	assert.NotEmpty(t, tokens[0].Value)
	assert.Equal(t, h.Scopes, tokens[0].Scopes)
	assert.True(t, tokens[0].Expires.After(h.Clock.Now()))
}

func completeWithoutLifetime(t *testing.T, h *providerTest) {
	h.network.misbehave(noLifetime)
	tokens := wholeSignIn(t, h, h.Scopes...).Tokens.AccessTokens
	require.Len(t, tokens, 1, "SignedIn.Tokens has one access token for the scopes")
	assert.True(t, tokens[0].Expires.After(h.Clock.Now().Add(time.Minute)))
}

// completeSaysWhen checks that AuthTime is set if the request asks for auth_time as the
// domain does.
func completeSaysWhen(t *testing.T, h *providerTest) {
	if h.NoIDTokens {
		return
	}
	h.Advance(time.Hour)
	a, err := h.Provider.Begin(t.Context(), ports.AuthorizationRequest{
		State: suiteState, MaxAge: new(5 * time.Minute), Claims: `{"id_token":{"auth_time":{"essential":true}}}`,
	})
	require.NoError(t, err)
	in, err := h.Provider.Complete(t.Context(), h.Approve(t, a.URL), a.Secret)
	require.NoError(t, err)
	assert.WithinDuration(t, h.Clock.Now(), in.Identity.AuthTime, 5*time.Minute)
}

func completeConcurrently(t *testing.T, h *providerTest) {
	const crowd = 8
	var begun [crowd]ports.Authorization
	var callbacks [crowd]ports.Callback
	for i := range crowd {
		begun[i] = beginSignIn(t, h)
		callbacks[i] = h.Approve(t, begun[i].URL)
	}
	var nonces sync.Map
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			in, err := h.Provider.Complete(t.Context(), callbacks[i], begun[i].Secret)
			if assert.NoError(t, err) && !h.NoIDTokens {
				_, twice := nonces.LoadOrStore(in.Tokens.Nonce, true)
				assert.False(t, twice, "two sign-ins have the same nonce; set NoIDTokens if the provider has no ID tokens")
			}
		})
	}
	wg.Wait()
}
