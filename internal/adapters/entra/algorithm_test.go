package entra_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

// OpenID Connect Core 1.0, section 3.1.3.7, point 7.
func TestTheRegisteredAlgorithmAlone(t *testing.T) {
	for name, c := range map[string]struct {
		registered string
		signing    fakeidp.Signing
		refused    bool
	}{
		"any, RS256":        {"", fakeidp.SignOwn, false},
		"any, PS256":        {"", fakeidp.SignPS256, false},
		"RS256 as agreed":   {"RS256", fakeidp.SignOwn, false},
		"PS256 as agreed":   {"PS256", fakeidp.SignPS256, false},
		"RS256, not agreed": {"PS256", fakeidp.SignOwn, true},
		"PS256, not agreed": {"RS256", fakeidp.SignPS256, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, e *entra.Config) {
				e.Issuer, e.SigningAlgorithm = "self", c.registered
			})
			w.idp.MutateMetadata(func(_ string, m map[string]any) {
				m["id_token_signing_alg_values_supported"] = []string{"none", "HS256", "RS256", "PS256"}
			})
			w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Signing = c.signing })
			_, err := w.signIn(t, fakeidp.UserMember)
			if c.refused {
				require.ErrorIs(t, err, ports.ErrTokenRefused)
			} else {
				require.NoError(t, err)
			}
			_, err = w.verifyLogout(t, func(d *fakeidp.TokenDraft) { d.Signing = c.signing })
			assert.Equal(t, c.refused, err != nil, "a logout token likewise: %v", err)
		})
	}
}

func TestARegisteredAlgorithmThatIsNotOffered(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) {
		c.Issuer, c.SigningAlgorithm = "self", "ES256"
	})
	_, err := w.provider.Begin(t.Context(), ports.AuthorizationRequest{State: testState})
	require.ErrorIs(t, err, ports.ErrProviderUnavailable, "nobody is sent to sign in for nothing")
	assert.Contains(t, err.Error(), "registered signing algorithm")
}
