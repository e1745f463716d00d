package http

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"webapp/internal/adapters/http/server"
	"webapp/internal/clientaddr"
	"webapp/internal/domain"
	"webapp/internal/providerhttp"
	"webapp/templates"
)

// Config is what the handler is made of. Domain, Sessions, Logger and Now are
// required.
type Config struct {
	// AppName names the application in titles and the page header; "webapp"
	// where it is empty.
	AppName string
	// Domain holds the use cases.
	Domain *domain.Service
	// Sessions puts the browser into a request's context, for the session port.
	Sessions func(http.Handler) http.Handler
	// StoreReady tells whether the session store answers; nil counts as ready.
	StoreReady func(context.Context) error
	// CallbackPath is the path of the redirect URI.
	CallbackPath string
	// FormPost makes the callback a POST (OAuth 2.0 Form Post Response Mode);
	// otherwise it is a GET.
	FormPost bool
	// PublicOrigin is scheme://host[:port] of the redirect URI. https turns on
	// HSTS and secure cookies.
	PublicOrigin string
	// FrameAncestors returns the Content-Security-Policy sources that may frame
	// the front-channel logout: the provider's pages. nil is none.
	FrameAncestors func(context.Context) []string
	// SignOutTargets are the Content-Security-Policy sources that a sign-out
	// may be redirected to, by the provider too.
	SignOutTargets []string
	// Scopes and Endpoint are the API of /call_api. An empty Endpoint turns it
	// off.
	Scopes   []string
	Endpoint string
	// Mounts are the handlers of other ways in, by the path that each serves
	// with all below it. They stand behind what guards the pages: body bounded,
	// refused from other origins, security headers, the session in the
	// request's context. What they answer is theirs.
	Mounts map[string]http.Handler
	// APITransport carries the calls of the API; nil is a transport of its own.
	APITransport http.RoundTripper
	// TrustedProxies may say by X-Forwarded-For who their client is, and by
	// X-Request-Id which request it is.
	TrustedProxies []netip.Prefix
	// OnResponse is told of each request that has been answered: its method, as
	// the client wrote it, the pattern of its route ("" for none), its status
	// and how long that took. nil is told nothing.
	OnResponse func(method, route string, status int, took time.Duration)
	// Trace begins the trace of a request and returns the context to serve it
	// with, and what to call with route and status at its end. trusted says
	// that the peer is one of TrustedProxies. nil traces nothing.
	Trace func(r *http.Request, trusted bool) (context.Context, func(route string, status int))
	// Demo says on every page that this is a demo.
	Demo   bool
	Logger *slog.Logger
	// Now tells the time.
	Now func() time.Time
}

func (c *Config) appName() string { return cmp.Or(c.AppName, "webapp") }

// app holds what the handlers share.
type app struct {
	Config
	pages    *templates.Pages
	policies policies
	// clientAddress decides whose address a request has.
	clientAddress func(http.Handler) http.Handler
	// apiTransport carries the calls of APIs.
	apiTransport http.RoundTripper
	// refusedCodes are the codes that the provider has refused, by address.
	refusedCodes *addressRate
	https        bool
	// own are the pages that exist with this configuration.
	enabledPages []Page
}

// New returns the handler of all routes. It fails where c is incomplete or a
// template is broken, so that nothing of the kind is found by a request.
func New(c Config) (http.Handler, error) {
	if c.Domain == nil || c.Sessions == nil || c.Logger == nil || c.Now == nil {
		return nil, errors.New("http: Domain, Sessions, Logger and Now are required")
	}
	if !strings.HasPrefix(c.CallbackPath, "/") {
		return nil, errors.New("http: CallbackPath must be a path")
	}
	p, err := newPages(c)
	if err != nil {
		return nil, err
	}
	if c.APITransport == nil {
		c.APITransport = providerhttp.NewAPITransport()
	}
	a := &app{
		Config:        c,
		pages:         p,
		policies:      newPolicies(c.SignOutTargets),
		clientAddress: clientaddr.Forwarded(c.TrustedProxies, c.Logger),
		apiTransport:  providerhttp.LimitCalls(c.APITransport, providerhttp.MaxCalls),
		refusedCodes:  newAddressRate(refusedCodesPerMinute, c.Now),
		https:         strings.HasPrefix(c.PublicOrigin, "https://"),
		enabledPages:  enabledPages(c),
	}
	return a.application()
}

var _ server.RefusalHandler = (*application)(nil)

// application is the handler of all routes.
type application struct {
	router
	// refusals answers where the server has refused a request by itself, with
	// what every answer has: headers, request ID, log line, metric.
	refusals http.Handler
}

// Refusals implements server.RefusalHandler.
func (a *application) Refusals() http.Handler { return a.refusals }

// router is a handler that can be asked for its routes.
type router interface {
	http.Handler
	chi.Routes
}

func (a *app) application() (http.Handler, error) {
	routes, err := a.routes()
	if err != nil {
		return nil, err
	}
	return &application{routes, a.clientAddress(a.observe(a.securityHeaders(a.handle(refused))))}, nil
}

// refused says what the server would have, and to whoever's cookies or address
// were too large, who is a person, in a page.
func refused(w http.ResponseWriter, r *http.Request) error {
	said := server.RefusalOf(r.Context())
	if said.Status == http.StatusRequestHeaderFieldsTooLarge {
		return errLargeHeader
	}
	observed(r.Context()).err = fmt.Errorf("%w: %s", errServerRefused, said.Text)
	return plain(w, said.Status, said.Text)
}

func newPages(c Config) (*templates.Pages, error) {
	return templates.New(templates.Options{Demo: c.Demo, AppName: c.appName()})
}

// page answers with a page. The chrome is that of the signed-in user, or of an
// anonymous visitor where session is nil.
func (a *app) page(w http.ResponseWriter, r *http.Request, status int, session *domain.Session, v templates.View) error {
	w.Header()[cspHeader] = a.policies.ofPage(session)
	return a.pages.Write(w, r, status, a.chrome(r, session), v)
}

func (a *app) chrome(r *http.Request, session *domain.Session) templates.Chrome {
	if session == nil {
		return templates.Chrome{}
	}
	return templates.Chrome{SignedIn: true, Name: session.User.Name, Nav: a.nav(session.User), Current: r.URL.Path}
}

// seeOther sends the browser on with a GET (RFC 9110, section 15.4.4). The
// Location is used as it is: http.Redirect would rewrite a path.
func seeOther(w http.ResponseWriter, location string) error {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
