// Package apptest runs the whole application in a test and signs people in, for
// whoever adds a page and wants to see what it answers to whom:
//
//	client := apptest.SignedIn(t, apptest.User{Name: "Ada Lovelace", Roles: []string{"Admin"}})
//	res, err := client.Get("/reports")
//
// Everything between the request and the ports is real: routes, middleware,
// domain, sessions and cookies, over HTTP. The identity provider is
// portstest.FakeProvider, which needs no network, no keys and no waiting.
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
	// The session limits of the configuration's defaults.
	idle     = time.Hour
	lifetime = 12 * time.Hour
)

// App is a running application. It ends with its test.
type App struct {
	// URL is its origin.
	URL string
	// Handler returns its requests, for a test that needs no connection.
	Handler http.Handler
	// Clock is the time in it: it stands still until a test moves it, for
	// instance past the end of a session.
	Clock *portstest.Clock
	// Provider is where people sign in. It can be down, refuse, and hand out
	// groups.
	Provider *portstest.FakeProvider

	t        testing.TB
	formPost bool
}

// Option changes how the application is made.
type Option func(*webhttp.Config)

// WithAPI gives the application an API that is called on people's behalf, with
// these scopes. The test serves it; access tokens are the fake provider's.
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
		NoReturn: webhttp.NoReturn(callbackPath), GroupScopes: []string{"User.Read"},
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
