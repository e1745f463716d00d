package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/github"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/adapters/session/postgres"
	"webapp/internal/adapters/session/redis"
	"webapp/internal/adapters/session/sqlite"
	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/internal/providerhttp"
)

// This file lists what is plugged in. A new adapter is its import above and one
// line in one of these three lists; README.md, "Add an adapter", has the steps.

// identityProviders are the providers that have an adapter of their own, by the
// OIDC_AUTHORITY, to the letter, that chooses it. Whatever is not here is an
// OpenID Provider with discovery, and the entra adapter's.
func identityProviders() map[string]openProvider {
	return map[string]openProvider{
		github.Issuer: provider(github.New),
	}
}

// sessionStores are the stores by the scheme of SESSION_STORE. Each gets the whole
// value.
func sessionStores() map[string]storeAdapter {
	return map[string]storeAdapter{
		"memory":          {open: store(openMemory)},
		"sqlite":          {open: store(openSQLite)},
		"redis":           {open: store(openRedis), warn: redis.Warn},
		"rediss":          {open: store(openRedis)},
		"redis+sentinel":  {open: store(openRedis), warn: redis.Warn},
		"rediss+sentinel": {open: store(openRedis)},
		"redis+cluster":   {open: store(openRedis), warn: redis.Warn},
		"rediss+cluster":  {open: store(openRedis)},
		"redis+unix":      {open: store(openRedis)},
		"redis+socket":    {open: store(openRedis)},
		"unix":            {open: store(openRedis)},
		"postgres":        {open: store(postgres.Open), warn: postgres.Warn},
		"postgresql":      {open: store(postgres.Open), warn: postgres.Warn},
	}
}

// mounts are handlers besides the pages. Each serves its path and all paths below
// it, and sees the whole path. Requests to them pass the same middleware as those
// to pages: bounds, security headers, the refusal of other origins, the session.
func mounts() map[string]mount {
	return map[string]mount{
		// "/api": api.New,
	}
}

// mount makes a handler that calls the domain.
type mount func(*domain.Service) http.Handler

// thisProgram is what the lists above let the configuration choose.
func thisProgram(demo bool) config.Program {
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
	return config.Program{
		Demo:      demo,
		Providers: providers,
		Stores:    stores,
		Mounts:    slices.Collect(maps.Keys(mounts())),
	}
}

// openProvider makes an identity-provider adapter. It does not touch the
// network: the provider may be down at this moment. Requests go through
// transport, which bounds how many there are and how long an answer's header
// takes; the whole time, the size and redirects are the adapter's to bound.
type openProvider func(r ports.Registration, transport http.RoundTripper, now func() time.Time) (ports.IdentityProvider, error)

// provider makes an adapter's own New an openProvider.
func provider[P ports.IdentityProvider](open func(ports.Registration, http.RoundTripper, func() time.Time) (P, error)) openProvider {
	return func(r ports.Registration, transport http.RoundTripper, now func() time.Time) (ports.IdentityProvider, error) {
		p, err := open(r, transport, now)
		if err != nil {
			return nil, err
		}
		return p, nil
	}
}

// storeAdapter opens a session store. warn looks at its address before that; nil
// where there is nothing to look for.
type storeAdapter struct {
	open openStore
	warn config.WarnOfStore
}

// openStore opens a session store. A server that is down is no error: the store
// heals, and /readyz says so meanwhile. An error is shown to whoever starts the
// program, and does not quote the address, which may hold a password.
type openStore func(ctx context.Context, address string, now func() time.Time) (sessionStore, error)

// store makes an adapter's own Open an openStore.
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

func openRedis(_ context.Context, address string, now func() time.Time) (*redis.Store, error) {
	return redis.Open(address, now)
}

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

// sessionStore is a store that ends with the process.
type sessionStore interface {
	ports.SessionStore
	Close() error
}

// newStore opens the store that SESSION_STORE names. A server that is down is no
// error: the store heals, and /readyz says so meanwhile.
func newStore(ctx context.Context, c config.Config, now func() time.Time) (sessionStore, error) {
	adapter, known := sessionStores()[c.StoreScheme()]
	if !known {
		return nil, errors.New("webapp cannot use its SESSION_STORE: no such store")
	}
	store, err := adapter.open(ctx, c.SessionStore, now)
	if err != nil {
		return nil, fmt.Errorf("webapp cannot use its SESSION_STORE: %w", err)
	}
	return store, nil
}
