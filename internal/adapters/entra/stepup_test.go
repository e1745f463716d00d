package entra_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

// A sign-in that asks for auth_time and acrs gets both, in the ID token alone. An
// ordinary sign-in has neither.
func TestAStepUpReturnsAuthTimeAndAuthContexts(t *testing.T) {
	w := contoso(t)
	plain := w.mustSignIn(t, fakeidp.UserMember, apiScope).Identity
	assert.Zero(t, plain.AuthTime)
	assert.Empty(t, plain.AuthContexts)

	w.clock.Advance(time.Hour)
	a, err := w.provider.Begin(t.Context(), ports.AuthorizationRequest{
		State: testState, Scopes: []string{apiScope}, MaxAge: new(5 * time.Minute),
		Claims: `{"id_token":{"auth_time":{"essential":true},"acrs":{"essential":true,"value":"c1"}}}`,
	})
	require.NoError(t, err)
	in, err := w.provider.Complete(t.Context(), w.approve(t, a.URL, fakeidp.UserMember), a.Secret)
	require.NoError(t, err)
	assert.Equal(t, w.clock.Now().Unix(), in.Identity.AuthTime.Unix())
	assert.Equal(t, []string{"c1"}, in.Identity.AuthContexts)
	assert.NotEmpty(t, in.Tokens.AccessTokens, "with the client capability, too")
}

// A provider that is registered to send auth_time sends it with every sign-in.
func TestAuthTimeOfAnOrdinarySignIn(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(c *fakeidp.Config, _ *entra.Config) {
		client := fakeidp.DefaultClient()
		client.AuthTime = true
		c.Clients = []fakeidp.Client{client}
	})
	assert.Equal(t, w.clock.Now().Unix(), w.mustSignIn(t, fakeidp.UserMember).Identity.AuthTime.Unix())
}
