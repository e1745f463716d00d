package main

import (
	"log/slog"
	"net/url"
	"strings"
	"time"

	"webapp/internal/adapters/entra"
	"webapp/internal/ports"
)

// provider makes the identity-provider adapter, and returns when its credential
// ends, where that is known.
func (s *settings) provider(p parts, watched watching) (ports.IdentityProvider, func() (time.Time, bool), error) {
	made, expiry, err := s.openProvider(p, watched)
	if err == nil && watched.metrics != nil {
		watched.metrics.WatchCredential(expiry)
	}
	return made, expiry, err
}

func (s *settings) openProvider(p parts, watched watching) (ports.IdentityProvider, func() (time.Time, bool), error) {
	if open, own := s.ownAdapter(); own {
		registration, err := s.registration(p.logger)
		if err != nil {
			return nil, nil, err
		}
		made, err := open(registration, watched.provider(p.transport), p.now)
		return made, s.secretExpiry, err
	}
	c := s.entraConfig(p.now, p.logger)
	c.Transport = watched.provider(p.transport)
	made, err := entra.New(c)
	if err != nil {
		return nil, nil, err
	}
	return made, made.CredentialExpiry, nil
}

// ownAdapter returns the adapter that OIDC_AUTHORITY chooses, where its provider
// has one of its own.
func (s *settings) ownAdapter() (openProvider, bool) {
	open, own := identityProviders()[s.OIDCAuthority]
	return open, own
}

// registration is what an adapter of another provider is told.
func (s *settings) registration(logger *slog.Logger) (ports.Registration, error) {
	secret, err := s.entraConfig(nil, logger).SecretSource()
	return ports.Registration{ClientID: s.ClientID, ClientSecret: secret, RedirectURI: s.RedirectURI}, err
}

func (s *settings) secretExpiry() (time.Time, bool) {
	end, err := s.secretExpires()
	return end, err == nil && !end.IsZero()
}

// checkOwnAdapter reports what a provider with an adapter of its own cannot
// take. checkProvider has looked at the rest.
func (s *settings) checkOwnAdapter(found *problems) {
	open, own := s.ownAdapter()
	if !own {
		s.checkNearlyOwn(found)
		return
	}
	if s.ResponseMode == entra.ResponseModeFormPost && !found.has("RESPONSE_MODE") {
		found.add("RESPONSE_MODE", "is form_post, which this provider does not do", "Use query.")
	}
	if s.IDTokenSignedResponseAlg != "" && !found.has("ID_TOKEN_SIGNED_RESPONSE_ALG") {
		found.add("ID_TOKEN_SIGNED_RESPONSE_ALG", "is set, and this provider has no ID tokens", "Unset it.")
	}
	registration, err := s.registration(slog.New(slog.DiscardHandler))
	switch {
	case len(found.list) > 0 && err != nil: // said already
	case err != nil:
		found.add("CLIENT_SECRET", "is missing, and this provider takes no other credential",
			"Set CLIENT_SECRET or CLIENT_SECRET_FILE, and unset the other credential.")
	default:
		if _, err := open(registration, entra.DefaultTransport(), time.Now); err != nil && len(found.list) == 0 {
			found.add("OIDC_AUTHORITY", "cannot be used: "+err.Error(),
				"Compare CLIENT_ID, CLIENT_SECRET and REDIRECT_URI with the registration at the provider.")
		}
	}
}

// checkNearlyOwn reports an OIDC_AUTHORITY at the host of a provider that has an
// adapter of its own, which would be taken for an OpenID Provider.
func (s *settings) checkNearlyOwn(found *problems) {
	given, err := url.Parse(s.OIDCAuthority)
	if err != nil || given.Host == "" || found.has("OIDC_AUTHORITY") {
		return
	}
	for name := range identityProviders() {
		if own, err := url.Parse(name); err == nil && strings.EqualFold(own.Host, given.Host) {
			found.add("OIDC_AUTHORITY", "is not the exact issuer of its provider", "Write "+name)
		}
	}
}
