// Package apptest runs the whole application in a test and signs people in. Use it
// to test your own pages:
//
//	client := apptest.SignedIn(t, apptest.User{Name: "Ada Lovelace", Roles: []string{"Admin"}})
//	res, err := client.Get("/reports")
//
// Routes, middleware, domain, sessions and cookies are the real ones, over HTTP.
// The identity provider is portstest.FakeProvider.
package apptest

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/http/server"
	"webapp/internal/adapters/session"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/domain"
	"webapp/internal/ports/portstest"
)

const (
	callbackPath = "/getAToken"
	// The default session limits of the configuration.
	idle     = time.Hour
	lifetime = 12 * time.Hour
)

// App is an application that runs until the end of the test.
type App struct {
	// URL is the application's origin.
	URL string
	// Handler serves requests without a connection.
	Handler http.Handler
	// Clock is the application's clock. It stands still until a test moves it,
	// for example past the end of a session.
	Clock *portstest.Clock
	// Provider is the identity provider. A test can make it fail, refuse a
	// sign-in or return groups.
	Provider *portstest.FakeProvider

	t        testing.TB
	formPost bool
}

// Option changes the configuration of the application.
type Option func(*webhttp.Config)

// WithAPI sets the API that the application calls for signed-in people, and its
// scopes. The test serves the API. Access tokens come from the fake provider.
func WithAPI(endpoint string, scopes ...string) Option {
	return func(c *webhttp.Config) { c.Endpoint, c.Scopes = endpoint, scopes }
}

// WithMount adds a handler besides the pages, like the list mounts of cmd/webapp.
func WithMount(path string, open func(*domain.Service) http.Handler) Option {
	return func(c *webhttp.Config) {
		if c.Mounts == nil {
			c.Mounts = make(map[string]http.Handler)
		}
		c.Mounts[path] = open(c.Domain)
	}
}

// New starts the application.
func New(t testing.TB, options ...Option) *App {
	t.Helper()
	a := &App{t: t, Clock: portstest.NewClock(time.Now().Truncate(time.Second))}
	a.Provider = portstest.NewFakeProvider(a.Clock.Now)
	store := memory.New(a.Clock.Now)
	t.Cleanup(func() { _ = store.Close() })
	sessions, err := session.New(session.Config{
		Store: store, Keys: [][]byte{bytes.Repeat([]byte{1}, 32)}, Lifetime: lifetime, Clock: a.Clock.Now,
	})
	require.NoError(t, err)
	service, err := domain.New(domain.Config{
		Provider: a.Provider, Sessions: sessions,
		Limits:   domain.Limits{Idle: idle, Lifetime: lifetime},
		NoReturn: webhttp.NoReturn("", callbackPath), GroupScopes: []string{"User.Read"},
		Now: a.Clock.Now, Random: rand.Reader,
	})
	require.NoError(t, err)
	a.serve(service, sessions, options)
	return a
}

func (a *App) serve(service *domain.Service, sessions *session.Manager, options []Option) {
	srv := httptest.NewUnstartedServer(nil)
	a.URL = "http://" + srv.Listener.Addr().String()
	c := webhttp.Config{
		Domain: service, Sessions: sessions.Middleware, StoreReady: sessions.Ready,
		CallbackPath: callbackPath, PublicOrigin: a.URL,
		Logger: slog.New(slog.NewTextHandler(a.t.Output(), nil)), Now: a.Clock.Now,
	}
	for _, option := range options {
		option(&c)
	}
	a.formPost = c.FormPost
	handler, err := webhttp.New(c)
	require.NoError(a.t, err)
	a.Handler = handler
	srv.Config = server.New(handler, c.Logger)
	srv.Start()
	a.t.Cleanup(srv.Close)
}
