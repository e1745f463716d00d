package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"time"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/credential"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/observe"
	"webapp/internal/adapters/session"
	"webapp/internal/domain"
	"webapp/internal/ports"
	"webapp/templates"
)

// application is the program as cmd/webapp wires it, with logs, audit log and
// metrics. The store is a parameter.
type application struct {
	handler  http.Handler
	config   webhttp.Config
	sessions *session.Manager
}

// provider is the identity provider of an application.
type provider struct {
	authority, clientID, secret string
}

// noProvider is for pages that call no provider.
var noProvider = provider{authority: "http://127.0.0.1:1/" + tenant, clientID: "load", secret: "unused"}

// redirectURI is the registered callback address. No client connects to this
// address.
const redirectURI = "http://localhost:3000/getAToken"

func newApplication(store ports.SessionStore, p provider, now func() time.Time) (*application, error) {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil)) // format the lines, but drop them
	idp, err := entra.New(entra.Config{
		Authority: p.authority, ClientID: p.clientID, Credential: credential.Config{Secret: p.secret},
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
		Provider: idp, Sessions: sessions,
		Limits: domain.Limits{Idle: idleLimit, Lifetime: lifetime}, Now: now, Random: rand.Reader,
		Audit: observe.Audit(observe.NewAuditLog(logger, webhttp.RequestID), metrics),
	})
	if err != nil {
		return nil, err
	}
	c := webhttp.Config{
		Domain: service, Sessions: sessions.Middleware, StoreReady: sessions.Ready, CallbackPath: "/getAToken",
		PublicOrigin: "http://localhost:3000", Scopes: []string{"User.Read"}, Endpoint: "https://graph.microsoft.com/v1.0/me",
		Logger: logger, Now: now, OnResponse: metrics.Request,
	}
	handler, err := webhttp.New(c)
	return &application{handler: handler, config: c, sessions: sessions}, err
}

// signIn starts a session and returns its cookie as "name=value".
func (a *application) signIn(n ports.NewSession) (cookie string, err error) {
	w := newResponse()
	a.sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err = a.sessions.Start(r.Context(), n, false)
	})).ServeHTTP(w, newRequest("/", ""))
	if err != nil {
		return "", err
	}
	return w.cookie()
}

// bare returns net/http handlers that render the home page and the sign-out
// page of the person with this cookie, always with the same data. They
// have no routes, sessions, logs or security headers. The difference to the
// application's handler is the cost of the application.
func (a *application) bare(cookie string) (home, signOut http.Handler, err error) {
	p, err := templates.New(templates.Options{AppName: "webapp"})
	if err != nil {
		return nil, nil, err
	}
	var session domain.Session
	var claims []domain.Claim
	a.sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if session, err = a.config.Domain.CurrentUser(r.Context()); err == nil {
			claims, err = a.config.Domain.Claims(r.Context())
		}
	})).ServeHTTP(newResponse(), newRequest("/", cookie))
	if err != nil {
		return nil, nil, err
	}
	user, now := session.User, a.config.Now()
	v := templates.Home{
		Name: user.Name, Username: user.Username, TenantID: user.Tenant, Issuer: user.Issuer, Roles: user.Roles, Guest: user.Guest,
		Started: templates.NewMoment(session.Started, now), IdleEnd: templates.NewMoment(session.IdleEnds, now),
		AbsoluteEnd: templates.NewMoment(session.Ends, now),
	}
	for _, one := range claims {
		v.Claims = append(v.Claims, templates.Claim{Name: one.Name, Value: one.Value})
	}
	return barePage(p, "/", user, v), barePage(p, "/logout", user, templates.SignOut{AtProvider: a.config.Domain.SignsOutAtProvider(context.Background())}), nil
}

func barePage(p *templates.Pages, path string, user domain.User, v templates.View) http.Handler {
	chrome := templates.Chrome{SignedIn: true, Name: user.Name, Current: path, Nav: []templates.Link{
		{Text: "nav.home", URL: "/"}, {Text: "nav.api", URL: "/call_api"}, {Text: "nav.sessions", URL: "/sessions"}, {Text: "nav.admin", URL: "/admin"},
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p.Write(w, r, http.StatusOK, chrome, v); err != nil {
			http.Error(w, "the page cannot be rendered", http.StatusInternalServerError)
		}
	})
}
