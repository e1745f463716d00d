package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"

	"webapp/internal/adapters/entra"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/observe"
	"webapp/internal/adapters/session"
	"webapp/internal/domain"
	"webapp/internal/ports"
)

// parts are what the program is made of besides its settings. main uses the
// real ones; a test brings its own clock and looks into the store.
type parts struct {
	now    func() time.Time
	store  ports.SessionStore
	logger *slog.Logger
	// audit gets the audit log; nil leaves it to logger.
	audit *slog.Logger
	// transport carries the calls of the identity provider; nil is the network.
	transport http.RoundTripper
	// waysIn are handlers besides the pages, as those of the list of that name.
	waysIn map[string]func(*domain.Service) http.Handler
}

// application is the wired program.
type application struct {
	handler http.Handler
	// warmUp asks for the provider's metadata before somebody needs it.
	warmUp func(context.Context)
	// credentialExpiry returns when the credential at the provider ends, and
	// whether that is known.
	credentialExpiry func() (time.Time, bool)
	watching         watching
}

// wire makes every part and puts them together. It is the only place that
// knows all of them.
func wire(s settings, p parts) (application, error) {
	watched, err := s.watch(p)
	if err != nil {
		return application{}, err
	}
	provider, credentialExpiry, err := s.provider(p, watched)
	if err != nil {
		return application{}, err
	}
	formPost := s.ResponseMode == entra.ResponseModeFormPost
	sessions, err := session.New(session.Config{
		Store: observe.Store(p.store, watched.metrics, watched.tracer), Keys: s.keys(), Realm: s.realm(),
		Secure: s.https(), CrossSiteCallback: formPost, Lifetime: s.SessionLifetime, Clock: p.now,
	})
	if err != nil {
		return application{}, err
	}
	service, err := s.service(p, provider, sessions, watched.audit)
	if err != nil {
		return application{}, err
	}
	handler, err := webhttp.New(watched.handler(webhttp.Config{
		Domain: service, Sessions: sessions.Middleware, StoreReady: sessions.Ready,
		CallbackPath: s.redirect.Path, FormPost: formPost,
		PublicOrigin: s.origin(), SignOutTargets: s.signOutTargets(provider), FrameAncestors: s.frameAncestors(provider),
		Scopes: s.scopes, Endpoint: s.Endpoint, TrustedProxies: s.proxies,
		Mounts: mounts(service, p.waysIn), Demo: s.demo, Logger: p.logger, Now: p.now,
	}))
	if err != nil {
		return application{}, err
	}
	return application{handler: handler, watching: watched, credentialExpiry: credentialExpiry, warmUp: func(ctx context.Context) {
		if err := service.ProviderReady(ctx); err != nil && ctx.Err() == nil {
			p.logger.Warn("the identity provider cannot be reached yet; sign-ins will try again", "err", err)
		}
	}}, nil
}

// service makes the domain.
func (s *settings) service(p parts, provider ports.IdentityProvider, sessions *session.Manager, audit ports.AuditLog) (*domain.Service, error) {
	return domain.New(domain.Config{
		Provider: provider, Sessions: sessions, Grants: sessions, Pending: sessions, Others: sessions, OneTime: sessions,
		Limits:   domain.Limits{Idle: s.SessionIdleTimeout, Lifetime: s.SessionLifetime},
		NoReturn: webhttp.NoReturn(s.redirect.Path),
		SIDAlone: s.Authority != "", GroupScopes: []string{"User.Read"},
		Now: p.now, Random: rand.Reader, Audit: audit,
	})
}

// entraConfig is the identity-provider adapter's part of the settings.
func (s *settings) entraConfig(now func() time.Time, logger *slog.Logger) entra.Config {
	return s.withCredential(entra.Config{
		Authority: s.Authority, Issuer: s.OIDCAuthority, ClientID: s.ClientID,
		RedirectURI: s.RedirectURI, PostLogoutRedirectURI: s.origin() + "/",
		AllowedTenants: s.AllowedTenants, ResponseMode: s.ResponseMode, Clock: now, Logger: logger,
		GraphBase: s.graphBase(), SigningAlgorithm: s.IDTokenSignedResponseAlg,
	})
}

// graphBase is the directory of a provider on this machine: where its API is.
// In a real cloud the authority decides.
func (s *settings) graphBase() string {
	if _, ok := loopbackOrigin(s.Authority); !ok {
		return ""
	}
	base, _ := loopbackOrigin(s.Endpoint)
	return base
}

func (s *settings) https() bool { return s.redirect != nil && s.redirect.Scheme == "https" }

// origin is the application's public origin: that of the redirect URI, never
// what a request says.
func (s *settings) origin() string {
	if s.redirect == nil {
		return ""
	}
	return s.redirect.Scheme + "://" + s.redirect.Host
}

// keys are the configured session keys, or a new one: the memory store ends
// with the process anyway.
func (s *settings) keys() [][]byte {
	if len(s.sessionKeys) > 0 {
		return s.sessionKeys
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // crypto/rand.Read never fails
	return [][]byte{key}
}

// realm is whose users the sessions are of. The demo provider's port differs at
// each start, and its accounts do not.
func (s *settings) realm() string {
	authority, err := entra.ParseAuthority(s.Authority)
	switch {
	case s.demo:
		return "demo"
	case err == nil:
		return authority.DiscoveryURL() + " " + s.ClientID // the same with a slash behind AUTHORITY
	default:
		return s.OIDCAuthority + " " + s.ClientID
	}
}

// mounts makes the ways in that stand beside the pages.
func mounts(service *domain.Service, ways map[string]func(*domain.Service) http.Handler) map[string]http.Handler {
	made := make(map[string]http.Handler)
	for path, open := range ways {
		made[path] = open(service)
	}
	return made
}
