//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/credential"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/observe"
	"webapp/internal/adapters/session"
	"webapp/internal/domain"
	"webapp/internal/ports"
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
		AppName: appName, Domain: service, Sessions: sessions.Middleware, StoreReady: sessions.Ready, CallbackPath: "/getAToken",
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
	return cookies(w.header), err
}

// cookies returns the cookies that a response sets, for the header Cookie.
func cookies(h http.Header) string {
	var all []string
	for _, line := range h.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		all = append(all, pair)
	}
	return strings.Join(all, "; ")
}

// signInMany signs in people with claims and API tokens, and returns their cookies.
func (a *application) signInMany(ctx context.Context, people int) ([]string, error) {
	var all []string
	for i := range people {
		n := signedIn(i, a.config.Now())
		n.Claims, n.Tokens = typicalClaims(), typicalTokens(a.config.Now())
		cookie, err := a.signIn(n)
		if err != nil {
			return nil, err
		}
		all = append(all, cookie)
	}
	return all, ctx.Err()
}

const (
	appName   = "webapp"
	idleLimit = time.Hour
	lifetime  = 12 * time.Hour
	tenant    = "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"
)

// signedIn returns the session of the i-th person with values of Entra's size,
// without claims and tokens.
func signedIn(i int, now time.Time) ports.NewSession {
	return ports.NewSession{Session: ports.Session{
		Identity: ports.Identity{
			Issuer:   "https://login.microsoftonline.com/" + tenant + "/v2.0",
			Subject:  fmt.Sprintf("mQhn9bJ0Vx0dTjk2oW3eHn1sYcL8uRk5aZ%09d", i),
			TenantID: tenant,
			ObjectID: fmt.Sprintf("0d1e9a54-7c3b-4f28-9e6d-%012x", i),
			Name:     "Adele Vance", Username: "adele.vance@contoso.example", Roles: []string{"Admin"},
			ProviderSession: fmt.Sprintf("00b1c2d3-1111-4222-8333-%012x", i),
		},
		Device: "Firefox, Linux", Started: now, Seen: now, Expires: now.Add(idleLimit + idleLimit/10),
	}}
}

// typicalClaims returns as many claims as an ID token of Entra has.
func typicalClaims() []ports.Claim {
	claims := make([]ports.Claim, 18)
	for i := range claims {
		claims[i] = ports.Claim{Name: fmt.Sprintf("claim_%02d", i), Value: tenant}
	}
	return claims
}

// typicalTokens returns tokens of Entra's size.
func typicalTokens(now time.Time) ports.Tokens {
	return ports.Tokens{
		RefreshToken: strings.Repeat("r", 1500),
		AccessTokens: []ports.AccessToken{{Value: strings.Repeat("a", 2000), Scopes: []string{"User.Read"}, Expires: now.Add(time.Hour)}},
	}
}
