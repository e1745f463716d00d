package main

import (
	"crypto/rand"
	"io"
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

// application is the program as cmd/webapp wires it, with a store of ours: its
// logs, its audit log and its metrics are on.
type application struct {
	handler  http.Handler
	config   webhttp.Config
	sessions *session.Manager
}

// provider is where an application signs people in.
type provider struct {
	authority, clientID, secret string
}

// noProvider is for pages that ask no provider for anything.
var noProvider = provider{authority: "http://127.0.0.1:1/" + tenant, clientID: "load", secret: "unused"}

// redirectURI is never dialled.
const redirectURI = "http://localhost:3000/getAToken"

func newApplication(store ports.SessionStore, p provider, now func() time.Time) (*application, error) {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil)) // lines are made and thrown away
	idp, err := entra.New(entra.Config{
		Authority: p.authority, ClientID: p.clientID, ClientSecret: p.secret,
		RedirectURI: redirectURI, PostLogoutRedirectURI: "http://localhost:3000/", Clock: now, Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	metrics := observe.NewMetrics("load", now)
	sessions, err := session.New(session.Config{Store: observe.Store(store, metrics, nil), Keys: [][]byte{make([]byte, 32)}, Lifetime: lifetime, Clock: now})
	if err != nil {
		return nil, err
	}
	service, err := domain.New(domain.Config{
		Provider: idp, Sessions: sessions, Grants: sessions, Pending: sessions, Others: sessions, OneTime: sessions,
		Limits: domain.Limits{Idle: idleLimit, Lifetime: lifetime}, Now: now, Random: rand.Reader,
		Audit: observe.Audit(observe.NewAuditLog(logger, webhttp.RequestID), metrics),
	})
	if err != nil {
		return nil, err
	}
	c := webhttp.Config{
		Domain: service, Sessions: sessions.Middleware, StoreReady: sessions.Ready, CallbackPath: "/getAToken",
		PublicOrigin: "http://localhost:3000", Scopes: []string{"User.Read"}, Endpoint: "https://graph.microsoft.com/v1.0/me",
		Logger: logger, Now: now, Answered: metrics.Request,
	}
	handler, err := webhttp.New(c)
	return &application{handler: handler, config: c, sessions: sessions}, err
}

// signIn starts a session and returns its cookie as "name=value".
func (a *application) signIn(n ports.NewSession) (cookie string, err error) {
	w := newResponse()
	a.sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err = a.sessions.Start(r.Context(), n)
	})).ServeHTTP(w, newRequest("/", ""))
	if err != nil {
		return "", err
	}
	return w.cookie()
}

// bare returns the bare handlers of two pages of whoever has this cookie.
func (a *application) bare(cookie string) (home, admin http.Handler, err error) {
	a.sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		home, admin, err = webhttp.BarePages(a.config, r)
	})).ServeHTTP(newResponse(), newRequest("/", cookie))
	return home, admin, err
}
