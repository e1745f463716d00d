package entra_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// withGroups adds what needs an authority of Entra's.
func withGroups(h portstest.ProviderHarness, w world) portstest.ProviderHarness {
	h.Groups = func(t testing.TB) (int, string) {
		return 1000, w.mustSignIn(t, fakeidp.UserManyGroups, apiScope).Grant.AccessTokens[0].Value
	}
	return h
}

func harness(t *testing.T, w world) portstest.ProviderHarness {
	return portstest.ProviderHarness{
		Provider: w.provider,
		Approve: func(t testing.TB, url string) ports.Callback {
			return w.approve(t, url, fakeidp.UserMember)
		},
		Decline: func(t testing.TB, url string) ports.Callback {
			answer, err := w.idp.Decline(url)
			require.NoError(t, err)
			return callback(answer)
		},
		Scopes: []string{apiScope},
		SignLogout: func(t testing.TB, says ports.LogoutToken) string {
			draft := w.logoutDraft()
			for claim, value := range map[string]string{"jti": says.ID, "sub": says.Subject, "sid": says.ProviderSession} {
				if draft.Claims[claim] = value; value == "" {
					delete(draft.Claims, claim)
				}
			}
			draft.Claims["exp"] = draft.Claims["iat"].(int64) + 3600
			token, err := w.idp.Sign(*draft)
			require.NoError(t, err)
			return token
		},
		Down: func(down bool) {
			if down {
				w.idp.Down()
			} else {
				w.idp.Up()
			}
		},
		Advance: w.clock.Advance,
	}
}

func TestProviderKeepsTheContract(t *testing.T) {
	for _, tenant := range []string{fakeidp.ContosoTenantID, "contoso.example", "common", "organizations"} {
		t.Run(tenant, func(t *testing.T) {
			portstest.IdentityProvider(t, func(t *testing.T) portstest.ProviderHarness {
				w := newWorld(t, tenant, nil)
				return withGroups(harness(t, w), w)
			})
		})
	}
	t.Run("any OpenID Provider", func(t *testing.T) {
		portstest.IdentityProvider(t, func(t *testing.T) portstest.ProviderHarness {
			return harness(t, newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, c *entra.Config) {
				c.Issuer = "self"
			}))
		})
	})
}
