package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"webapp/internal/adapters/entra"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/redis"
	"webapp/internal/domain"
	"webapp/internal/ports"
)

// parts are what the program is made of besides its settings. main uses the
// real ones; a test brings its own clock and looks into the store.
type parts struct {
	now    func() time.Time
	store  ports.SessionStore
	logger *slog.Logger
}

// application is the wired program.
type application struct {
	handler http.Handler
	// warmUp asks for the provider's metadata before somebody needs it.
	warmUp func(context.Context)
	// credentialExpiry answers when the credential at the provider ends, and
	// whether that is known.
	credentialExpiry func() (time.Time, bool)
}

// wire makes every part and puts them together. It is the only place that
// knows all of them.
func wire(s settings, p parts) (application, error) {
	provider, err := entra.New(s.entraConfig(p.now, p.logger))
	if err != nil {
		return application{}, err
	}
	formPost := s.ResponseMode == entra.ResponseModeFormPost
	sessions, err := session.New(session.Config{
		Store: p.store, Keys: s.keys(), Secure: s.https(), CrossSiteCallback: formPost,
		Lifetime: s.SessionLifetime, Clock: p.now,
	})
	if err != nil {
		return application{}, err
	}
	service, err := domain.New(domain.Config{
		Provider: provider, Sessions: sessions, Grants: sessions, Pending: sessions, Others: sessions, OneTime: sessions,
		Limits:   domain.Limits{Idle: s.SessionIdleTimeout, Lifetime: s.SessionLifetime},
		NoReturn: []string{s.redirect.Path, "/login", "/logout"},
		SIDAlone: s.Authority != "", GroupScopes: []string{"User.Read"},
		Now: p.now, Random: rand.Reader,
	})
	if err != nil {
		return application{}, err
	}
	handler, err := webhttp.New(webhttp.Config{
		Domain: service, Sessions: sessions.Middleware, StoreReady: sessions.Ready,
		CallbackPath: s.redirect.Path, FormPost: formPost,
		PublicOrigin: s.origin(), SignOutTargets: s.providerSources(), FrameAncestors: s.providerSources(),
		Scopes: s.scopes, Endpoint: s.Endpoint, TrustedProxies: s.proxies,
		Demo: s.demo, Logger: p.logger, Now: p.now,
	})
	if err != nil {
		return application{}, err
	}
	return application{handler: handler, credentialExpiry: provider.CredentialExpiry, warmUp: func(ctx context.Context) {
		if err := service.ProviderReady(ctx); err != nil && ctx.Err() == nil {
			p.logger.Warn("the identity provider cannot be reached yet; sign-ins will try again", "err", err)
		}
	}}, nil
}

// entraConfig is the identity-provider adapter's part of the settings.
func (s *settings) entraConfig(now func() time.Time, logger *slog.Logger) entra.Config {
	return s.withCredential(entra.Config{
		Authority: s.Authority, Issuer: s.OIDCAuthority, ClientID: s.ClientID,
		RedirectURI: s.RedirectURI, PostLogoutRedirectURI: s.origin() + "/",
		AllowedTenants: s.AllowedTenants, ResponseMode: s.ResponseMode, Clock: now, Logger: logger,
		GraphBase: s.graphBase(),
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

// providerSources are the Content-Security-Policy sources of the provider's
// pages: where the sign-out form may be redirected to, and who may frame the
// front-channel logout. Entra's sign-out can pass several hosts (personal
// accounts, federated tenants), so it is https as such; a provider on this
// machine is named.
func (s *settings) providerSources() []string {
	targets := []string{"https:"}
	authority := s.Authority + s.OIDCAuthority
	if origin, ok := loopbackOrigin(authority); ok {
		targets = append(targets, origin)
	}
	return targets
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

// newLogger writes to w as the settings say.
func (s *settings) newLogger(w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // checked by checkOperation
	options := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// serve runs the application until ctx ends.
func serve(ctx context.Context, s settings, stdout, stderr io.Writer) error {
	logger := s.newLogger(stderr)
	listener, err := net.Listen("tcp", s.ListenAddr)
	if err != nil {
		return fmt.Errorf("webapp cannot listen on its LISTEN_ADDR: %w.\n"+
			"    Is another program using the port? Stop it, or set LISTEN_ADDR (and REDIRECT_URI) to another port", err)
	}
	defer func() { _ = listener.Close() }()
	if s.demo {
		stop, err := s.startDemo(listener)
		if err != nil {
			return err
		}
		defer stop()
	}
	redis.LogTo(logger)
	store, err := s.openStore(ctx, time.Now)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	app, err := wire(s, parts{now: time.Now, store: store, logger: logger})
	if err != nil {
		return fmt.Errorf("webapp cannot start: %w", err)
	}
	go app.warmUp(ctx)
	daily := time.NewTicker(24 * time.Hour)
	defer daily.Stop()
	go watchExpiry(ctx, app.credentialExpiry, time.Now, daily.C, logger)
	s.announce(stdout, listener.Addr())
	return webhttp.Serve(ctx, webhttp.NewServer(app.handler, logger), listener)
}

// announce tells the person who started the program where to go.
func (s *settings) announce(w io.Writer, listening net.Addr) {
	if s.demo {
		_, _ = fmt.Fprintln(w, "This is a demo: the accounts and the identity provider are made up, and only this machine can reach them.")
	}
	_, _ = fmt.Fprintf(w, "webapp %s is ready and listens on %s. Open %s in a browser; stop with Ctrl+C.\n",
		buildVersion(), listening, s.origin())
}
