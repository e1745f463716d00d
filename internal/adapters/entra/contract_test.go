package entra_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
)

// withGroups adds the tests that need an Entra authority.
func withGroups(h portstest.ProviderHarness, w world) portstest.ProviderHarness {
	h.Groups = func(t testing.TB) (int, string) {
		return 1000, w.mustSignIn(t, fakeidp.UserManyGroups, apiScope).Tokens.AccessTokens[0].Value
	}
	return h
}

func harness(t *testing.T, w world) portstest.ProviderHarness {
	return portstest.ProviderHarness{
		New: func(r ports.Registration, transport http.RoundTripper, now func() time.Time) (ports.IdentityProvider, error) {
			c := w.config
			c.ClientID, c.RedirectURI, c.Credential.Secret = r.ClientID, r.RedirectURI, ""
			if r.ClientSecret != nil {
				c.Credential.Secret = r.ClientSecret(t.Context())
			}
			c.Transport, c.Clock = transport, now
			return entra.New(c)
		},
		Registration: ports.Registration{
			ClientID: w.config.ClientID, RedirectURI: w.config.RedirectURI,
			ClientSecret: func(context.Context) string { return w.config.Credential.Secret },
		},
		Transport: w.config.Transport,
		Clock:     w.clock,
		Approve: func(t testing.TB, url string) ports.Callback {
			return w.approve(t, url, fakeidp.UserMember)
		},
		Decline: func(t testing.TB, url string) ports.Callback {
			answer, err := w.idp.Decline(url)
			require.NoError(t, err)
			return callback(answer)
		},
		Pushed: w.idp.PushedRequest,
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
		Subject: func(value string) {
			w.idp.Mutate(func(d *fakeidp.TokenDraft) {
				delete(d.Claims, "sub")
				if value != "" {
					d.Claims["sub"] = json.RawMessage(value)
				}
			})
		},
		Down: func(down bool) {
			if down {
				w.idp.Down()
			} else {
				w.idp.Up()
			}
		},
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
	t.Run("pushed requests", func(t *testing.T) {
		portstest.IdentityProvider(t, func(t *testing.T) portstest.ProviderHarness {
			w := pushedWorld(t, func(f *fakeidp.Config, _ *entra.Config) { f.RequirePushedRequests = true })
			return withGroups(harness(t, w), w)
		})
	})
	t.Run("any OpenID Provider", func(t *testing.T) {
		portstest.IdentityProvider(t, func(t *testing.T) portstest.ProviderHarness {
			w := newWorld(t, fakeidp.ContosoTenantID, func(f *fakeidp.Config, c *entra.Config) { f.Revocation, c.Issuer = true, "self" })
			w.idp.MutateMetadata(func(_ string, m map[string]any) { m["prompt_values_supported"] = []string{"select_account"} })
			return harness(t, w)
		})
	})
}
