package main

import (
	"net/http"
	"time"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/entra"
	"webapp/internal/ports"
)

// newProvider makes the identity-provider adapter. It also returns the function
// that says when the provider's credential ends, and whether that is known.
func newProvider(c config.Config, d deps, transport http.RoundTripper) (ports.IdentityProvider, func() (time.Time, bool), error) {
	if open, own := identityProviders()[c.OIDCAuthority]; own {
		registration, err := c.Registration(d.logger)
		if err != nil {
			return nil, nil, err
		}
		provider, err := open(registration, transport, d.now)
		return provider, func() (time.Time, bool) {
			end, err := c.SecretExpires()
			return end, err == nil && !end.IsZero()
		}, err
	}
	adapter := c.Entra(d.now, d.logger)
	adapter.Transport = transport
	provider, err := entra.New(adapter)
	if err != nil {
		return nil, nil, err
	}
	return provider, provider.CredentialExpiry, nil
}
