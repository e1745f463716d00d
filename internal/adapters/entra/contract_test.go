package entra_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

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
				return harness(t, newWorld(t, tenant, nil))
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
