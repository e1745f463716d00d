package config

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"webapp/internal/ports"
)

// SignOutTargets returns the Content-Security-Policy sources for form-action of the
// sign-out. It returns nil for a provider without a sign-out.
//
// Every https address is allowed, because a provider can redirect the browser to
// servers that are not known in advance. Entra redirects to personal Microsoft
// accounts or to the servers of a federated organization. If a redirect leads to a
// source that is not listed, Chromium stays on the page, and the user is signed out
// here but not at the provider. A provider on this machine can use http, so its
// origin is listed.
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

// FrameAncestors returns a function that returns the Content-Security-Policy sources
// for frame-ancestors of the front-channel logout. These are the origins of the
// authority and, once the metadata are loaded, of the end-session endpoint. A
// browser checks them after the logout is done. If the provider's page has another
// origin, the frame stays blank and nothing else is lost.
func (c *Config) FrameAncestors(provider ports.IdentityProvider) func(context.Context) []string {
	authority := c.Authority + c.OIDCAuthority
	signOut, ok := provider.(ports.ProviderSignOut)
	if !ok {
		return nil
	}
	return func(ctx context.Context) []string {
		endSession, _ := signOut.EndSessionURL(ctx, "") // empty if the metadata are not loaded or name none
		var sources []string
		for _, address := range []string{authority, endSession} {
			if source, ok := originSource(address); ok && !slices.Contains(sources, source) {
				sources = append(sources, source)
			}
		}
		return sources
	}
}

// originSource returns the Content-Security-Policy source for the origin of address.
// It returns false if a source cannot express that origin.
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
