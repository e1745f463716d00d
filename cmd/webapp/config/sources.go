package config

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"webapp/internal/ports"
)

// SignOutTargets are the Content-Security-Policy sources of all that a sign-out
// may lead through. A provider passes the browser on to others that it signed
// the person in with, which nobody knows beforehand: Entra to Microsoft's
// personal accounts and to a federated organization's own servers, brokers to
// whatever stands behind them. So it is https as such. Chromium would leave
// whoever is redirected anywhere else on the page, signed out here and not
// there. A provider on this machine is named; one without a sign-out has none.
func (c *Config) SignOutTargets(provider ports.IdentityProvider) []string {
	if _, ok := provider.(ports.ProviderSignOut); !ok {
		return nil
	}
	targets := []string{"https:"}
	if origin, ok := loopbackOrigin(c.Authority + c.OIDCAuthority); ok {
		targets = append(targets, origin)
	}
	return targets
}

// FrameAncestors returns the sources of the provider's pages: its authority's,
// and, once the metadata have been loaded, its sign-out's. The sign-out in a
// frame has been done when the browser looks at them: at a host of the
// provider's that is missing here the frame is blank, and that is all.
func (c *Config) FrameAncestors(provider ports.IdentityProvider) func(context.Context) []string {
	authority := c.Authority + c.OIDCAuthority
	signOut, ok := provider.(ports.ProviderSignOut)
	if !ok {
		return nil
	}
	return func(ctx context.Context) []string {
		endSession, _ := signOut.EndSessionURL(ctx, "") // not known yet, or none
		var sources []string
		for _, address := range []string{authority, endSession} {
			if source, ok := originSource(address); ok && !slices.Contains(sources, source) {
				sources = append(sources, source)
			}
		}
		return sources
	}
}

// originSource is the Content-Security-Policy source of an address's origin; not
// ok where it cannot be written as one.
func originSource(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", false
	}
	host := strings.ToLower(u.Host)
	foreign := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-.:", r))
	}
	if strings.ContainsFunc(host, foreign) {
		return "", false
	}
	return u.Scheme + "://" + host, true
}
