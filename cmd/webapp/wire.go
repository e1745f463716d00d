package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"

	"webapp/cmd/webapp/config"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/observe"
	"webapp/internal/adapters/session"
	"webapp/internal/domain"
	"webapp/internal/ports"
)

// deps are the parts that wire does not make itself. serve passes the real ones,
// and a test passes its own clock, store and transport.
type deps struct {
	now    func() time.Time
	store  ports.SessionStore
	logger *slog.Logger
	// audit writes the audit log. Nil means logger.
	audit *slog.Logger
	// transport sends requests to the identity provider. Nil means the network.
	transport http.RoundTripper
	// mounts are further handlers by their paths, as in the function mounts.
	mounts map[string]mount
}

// application is the wired program.
type application struct {
	handler http.Handler
	// warmUp loads the provider's metadata before the first sign-in.
	warmUp func(context.Context)
	// credentialExpiry returns when the credential at the provider ends. It
	// returns false if the end is unknown.
	credentialExpiry func() (time.Time, bool)
	// useSessionKeys replaces the session keys.
	useSessionKeys func([][]byte) error
	// finishRevocations waits until no token is being revoked.
	finishRevocations func(context.Context)
	telemetry         telemetry
}

// wire makes every part of the program and connects them. No other function knows
// all parts.
func wire(c config.Config, d deps) (application, error) {
	t, err := newTelemetry(c, d)
	if err != nil {
		return application{}, err
	}
	provider, credentialExpiry, err := newProvider(c, d, t.providerTransport(d.transport))
	if err != nil {
		return application{}, err
	}
	if t.metrics != nil {
		t.metrics.WatchCredential(credentialExpiry)
	}
	sessions, err := session.New(session.Config{
		Store:             observe.Store(d.store, t.metrics, t.tracer),
		Keys:              c.Keys(),
		Realm:             c.Realm(),
		Secure:            c.HTTPS(),
		CrossSiteCallback: c.FormPost(),
		Lifetime:          c.SessionLifetime,
		KeepsTokens:       revokesTokens(provider),
		Clock:             d.now,
	})
	if err != nil {
		return application{}, err
	}
	service, err := domain.New(domain.Config{
		Provider:                 provider,
		Sessions:                 sessions,
		Limits:                   domain.Limits{Idle: c.SessionIdleTimeout, Lifetime: c.SessionLifetime},
		AllowedSubjects:          c.Subjects(),
		Home:                     c.HomePath(),
		NoReturn:                 webhttp.NoReturn(c.BasePath, c.Redirect.Path),
		AllowLogoutWithoutIssuer: c.Authority != "",
		GroupScopes:              []string{"User.Read"},
		Now:                      d.now,
		Random:                   rand.Reader,
		Audit:                    t.audit,
	})
	if err != nil {
		return application{}, err
	}
	handlers := make(map[string]http.Handler)
	for path, newHandler := range d.mounts {
		if newHandler != nil {
			handlers[path] = newHandler(service)
		}
	}
	handler, err := webhttp.New(t.observed(webhttp.Config{
		AppName:        "webapp",
		Domain:         service,
		Sessions:       sessions.Middleware,
		StoreReady:     sessions.Ready,
		BasePath:       c.BasePath,
		CallbackPath:   c.Redirect.Path,
		FormPost:       c.FormPost(),
		PublicOrigin:   c.Origin(),
		SignOutTargets: c.SignOutTargets(provider),
		FrameAncestors: c.FrameAncestors(provider),
		Scopes:         c.Scopes,
		Endpoint:       c.Endpoint,
		TrustedProxies: c.Proxies,
		Mounts:         handlers,
		Demo:           c.Demo,
		Logger:         d.logger,
		Now:            d.now,
	}))
	if err != nil {
		return application{}, err
	}
	return application{
		handler: handler,
		warmUp: func(ctx context.Context) {
			if err := service.ProviderReady(ctx); err != nil && ctx.Err() == nil {
				d.logger.Warn("the identity provider cannot be reached; the next sign-in tries again", "err", err)
			}
		},
		credentialExpiry:  credentialExpiry,
		useSessionKeys:    sessions.UseKeys,
		finishRevocations: service.FinishRevocations,
		telemetry:         t,
	}, nil
}

// revokesTokens returns the provider's method RevokesTokens, or nil if it has none.
func revokesTokens(provider ports.IdentityProvider) func() bool {
	if revoker, ok := provider.(ports.TokenRevoker); ok {
		return revoker.RevokesTokens
	}
	return nil
}
