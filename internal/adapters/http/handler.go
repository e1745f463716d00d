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

// Config configures the handler. Domain, Sessions, Logger and Now are required.
type Config struct {
	// AppName is the application's name in titles and the page header. The
	// default is "webapp".
	AppName string
	// Domain contains the use cases.
	Domain *domain.Service
	// Sessions adds the browser's cookies to the request's context, where the
	// session port finds them.
	Sessions func(http.Handler) http.Handler
	// StoreReady returns an error if the session store does not respond. If
	// StoreReady is nil, /readyz does not check the store.
	StoreReady func(context.Context) error
	// BasePath is the path below which all routes but the callback are, such as
	// /_signin. It does not end in a slash. The default is the origin's root.
	BasePath string
	// CallbackPath is the path of the redirect URI.
	CallbackPath string
	// FormPost makes the callback a POST (OAuth 2.0 Form Post Response Mode).
	// Otherwise it is a GET.
	FormPost bool
	// PublicOrigin is scheme://host[:port] of the redirect URI. https turns on
	// HSTS and Secure cookies.
	PublicOrigin string
	// FrameAncestors returns the Content-Security-Policy sources that may frame
	// the front-channel logout: the provider's pages. If it is nil, no page may.
	FrameAncestors func(context.Context) []string
	// SignOutTargets are the Content-Security-Policy sources that a sign-out may
	// redirect to, including the provider's further redirects.
	SignOutTargets []string
	// Scopes and Endpoint are those of the API that /call_api calls. Without an
	// Endpoint the page does not exist.
	Scopes   []string
	Endpoint string
	// Mounts are handlers of other inbound adapters, by path below BasePath. Each
	// serves its path and everything below it, and sees the path without BasePath.
	// It is behind the same middleware as the pages: size limits, the check of the
	// request's origin, security headers, and the session in the request's context.
	Mounts map[string]http.Handler
	// APITransport sends the requests to the API. The default is
	// providerhttp.NewAPITransport.
	APITransport http.RoundTripper
	// TrustedProxies are the networks whose X-Forwarded-For and X-Request-Id are
	// believed.
	TrustedProxies []netip.Prefix
	// OnResponse, if set, is called after each response. method is as the client
	// wrote it. route is the pattern of the route below BasePath, or "" for an
	// unknown path.
	OnResponse func(method, route string, status int, took time.Duration)
	// Trace, if set, starts the trace of a request. It returns the context for
	// the request and a function that is called after the response. trusted
	// reports whether the peer is one of TrustedProxies.
	Trace func(r *http.Request, trusted bool) (context.Context, func(route string, status int))
	// Demo shows a notice on every page that this is a demo.
	Demo   bool
	Logger *slog.Logger
	// Now returns the current time.
	Now func() time.Time
}

func (c *Config) appName() string { return cmp.Or(c.AppName, "webapp") }

// app is the receiver of all handlers.
type app struct {
	Config
	pages    *templates.Pages
	policies policies
	clients  *clientaddr.Finder
	// apiTransport is APITransport with a limit on concurrent calls.
	apiTransport http.RoundTripper
	// refusedCodes counts the codes that the provider refused, by address.
	refusedCodes *addressRate
	// pushes counts the sign-ins with a pushed authorization request, by address.
	pushes *addressRate
	https  bool
	// enabledPages are the pages that exist with this configuration.
	enabledPages []Page
}

// New returns the handler of all routes. It returns an error if c is incomplete or
// the messages cannot be loaded.
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
		Config:       c,
		pages:        p,
		policies:     newPolicies(c.SignOutTargets),
		clients:      clientaddr.NewFinder(c.TrustedProxies, c.Logger),
		apiTransport: providerhttp.LimitCalls(c.APITransport, providerhttp.MaxCalls),
		refusedCodes: newAddressRate(refusedCodesPerMinute, c.Now),
		pushes:       newAddressRate(pushesPerMinute, c.Now),
		https:        strings.HasPrefix(c.PublicOrigin, "https://"),
		enabledPages: enabledPages(c),
	}
	return a.application()
}

var _ server.RefusalHandler = (*application)(nil)

// application is the handler of all routes.
type application struct {
	router
	// refusals responds to requests that the server refuses before routing, with
	// the headers, request ID, log line and metric of every response.
	refusals http.Handler
}

func (a *application) Refusals() http.Handler { return a.refusals }

// router is a handler whose routes can be listed.
type router interface {
	http.Handler
	chi.Routes
}

func (a *app) application() (http.Handler, error) {
	routes, err := a.routes()
	if err != nil {
		return nil, err
	}
	return &application{routes, a.observe(a.securityHeaders(a.handle(refused)))}, nil
}

// refused responds to a request that the server refused. An oversized header gets
// a page, because a person with too many cookies sees it. All others get the text
// of net/http.
func refused(w http.ResponseWriter, r *http.Request) error {
	refusal := server.RefusalOf(r.Context())
	if refusal.Status == http.StatusRequestHeaderFieldsTooLarge {
		return errLargeHeader
	}
	observed(r.Context()).err = fmt.Errorf("%w: %s", errServerRefused, refusal.Text)
	return plain(w, refusal.Status, refusal.Text)
}

func newPages(c Config) (*templates.Pages, error) {
	options := templates.Options{Demo: c.Demo, AppName: c.appName(), BasePath: c.BasePath}
	options.WarnIdle, options.WarnEnd = c.Domain.EndWarnings()
	return templates.New(options)
}

// url returns the local URL of a route, such as /reports.
func (c *Config) url(route string) string { return templates.Options{BasePath: c.BasePath}.URL(route) }

// page writes a page with the navigation of session's user, or without one if
// session is nil.
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

// seeOther redirects the browser with 303, so that it follows with a GET (RFC
// 9110, section 15.4.4). http.Redirect would rewrite a path in location.
func seeOther(w http.ResponseWriter, location string) error {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
