package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/forwardauth"
	"webapp/internal/adapters/github"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/adapters/session/postgres"
	"webapp/internal/adapters/session/redis"
	"webapp/internal/adapters/session/sqlite"
	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// This file lists the adapters. To add one, import its package and add a line to
// one of the three lists below. docs/adapters.md has the steps.

// identityProviders lists the providers that have an adapter of their own, by the
// exact OIDC_AUTHORITY that selects them. For any other OIDC_AUTHORITY, and for
// AUTHORITY, the adapter is entra.
func identityProviders() map[string]openProvider {
	return map[string]openProvider{
		github.Issuer: provider(github.New),
	}
}

// sessionStores lists the stores by the schemes of SESSION_STORE. Each store gets
// the whole value.
func sessionStores() map[string]storeAdapter {
	stores := map[string]storeAdapter{
		"memory":     {open: store(openMemory)},
		"sqlite":     {open: store(openSQLite)},
		"postgres":   {open: store(postgres.Open), warn: postgres.Warn},
		"postgresql": {open: store(postgres.Open), warn: postgres.Warn},
	}
	for _, scheme := range redis.Schemes() {
		stores[scheme] = storeAdapter{open: store(redis.Open), warn: redis.Warn, logTo: redis.LogTo}
	}
	return stores
}

// mounts lists further handlers by their paths below BASE_PATH. A handler serves its
// path and all paths below it, and sees the path without BASE_PATH. Its requests pass
// the same middleware as requests for pages: size limits, security headers, the check
// of the origin, and the session. c is the configuration.
func mounts(c config.Config) map[string]mount {
	return map[string]mount{
		// "/api": api.New,
		forwardauth.Path: when(c.ForwardAuth, forwardauth.Config{Origin: c.Origin(), BasePath: c.BasePath, Proxies: c.Proxies, RecordError: webhttp.RecordError, Passed: webhttp.LogAtDebug}.Handler),
	}
}

// mount makes a handler that calls the domain. A nil mount is switched off.
type mount func(*domain.Service) http.Handler

// when returns m if on is true, and otherwise nil.
func when(on bool, m mount) mount {
	if !on {
		return nil
	}
	return m
}

// configOptions tells the configuration which adapters the lists above contain.
func configOptions(demo bool) config.Options {
	providers := make(map[string]func(ports.Registration) error)
	for issuer, open := range identityProviders() {
		providers[issuer] = func(r ports.Registration) error {
			_, err := open(r, providerhttp.NewTransport(providerhttp.DefaultTimeout), time.Now)
			return err
		}
	}
	stores := make(map[string]config.WarnOfStore)
	for scheme, adapter := range sessionStores() {
		stores[scheme] = adapter.warn
	}
	return config.Options{
		Demo:      demo,
		Providers: providers,
		Stores:    stores,
		Mounts:    slices.Collect(maps.Keys(mounts(config.Config{}))),
	}
}

// openProvider makes the adapter of an identity provider. It sends no request,
// because the provider may be down. transport limits how many requests are open
// and how long a response header takes. The adapter itself limits the total time,
// the size and the redirects.
type openProvider func(r ports.Registration, transport http.RoundTripper, now func() time.Time) (ports.IdentityProvider, error)

// provider converts the New function of an adapter to openProvider.
func provider[P ports.IdentityProvider](open func(ports.Registration, http.RoundTripper, func() time.Time) (P, error)) openProvider {
	return func(r ports.Registration, transport http.RoundTripper, now func() time.Time) (ports.IdentityProvider, error) {
		p, err := open(r, transport, now)
		if err != nil {
			return nil, err
		}
		return p, nil
	}
}

// newProvider makes the adapter that the configuration selects. It also returns
// the function that application calls credentialExpiry.
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

// sessionStore is a store that can be closed.
type sessionStore interface {
	ports.SessionStore
	Close() error
}

// storeAdapter opens a session store. warn says what is dangerous about its
// address. It is nil if the adapter has no warnings.
type storeAdapter struct {
	open openStore
	warn config.WarnOfStore
	// logTo sets the logger of a client library that has one for the process.
	logTo func(*slog.Logger)
}

// openStore opens a session store. It returns no error if a server is down: the
// store connects later, and /readyz reports it until then. An error is shown to
// the person who starts the program. It does not quote the address, which can
// contain a password.
type openStore func(ctx context.Context, address string, now func() time.Time) (sessionStore, error)

// store converts the Open function of an adapter to openStore.
func store[S sessionStore](open func(context.Context, string, func() time.Time) (S, error)) openStore {
	return func(ctx context.Context, address string, now func() time.Time) (sessionStore, error) {
		s, err := open(ctx, address, now)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}

func openMemory(_ context.Context, _ string, now func() time.Time) (*memory.Store, error) {
	return memory.New(now), nil
}

func openSQLite(ctx context.Context, address string, now func() time.Time) (*sqlite.Store, error) {
	return sqlite.Open(ctx, strings.TrimPrefix(address, "sqlite:"), now)
}

// newStore opens the configured session store.
func newStore(ctx context.Context, c config.Config, now func() time.Time, logger *slog.Logger) (sessionStore, error) {
	adapter, known := sessionStores()[c.StoreScheme()]
	if !known {
		return nil, fmt.Errorf("webapp cannot use its %s: there is no such store", c.StoreVariable())
	}
	if adapter.logTo != nil {
		adapter.logTo(logger)
	}
	store, err := adapter.open(ctx, c.SessionStore, now)
	if err != nil {
		return nil, fmt.Errorf("webapp cannot use its %s: %w", c.StoreVariable(), err)
	}
	return store, nil
}
