// Package forwardauth tells a reverse proxy whether a request to another application
// may pass, and who sent it: nginx (auth_request), Caddy (forward_auth) and Traefik
// (ForwardAuth). docs/forward-auth.md has the contract and examples.
//
// It is the worked example of an inbound adapter. The application serves the handler
// behind the same middleware as its pages.
package forwardauth

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"

	"webapp/internal/domain"
)

// Path is the path of the handler, below the application's base path.
const Path = "/verify"

// Config configures the handler.
type Config struct {
	// Origin is scheme://host[:port] of this application's public address. The other
	// application has the same origin.
	Origin string
	// BasePath is the path below which the routes of this application are, such as the
	// sign-in, or "".
	BasePath string
	// Proxies are the networks of the proxies whose X-Forwarded-Method,
	// X-Forwarded-Host and X-Forwarded-Uri are believed.
	Proxies []netip.Prefix
	// RecordError, if set, adds an error to the log line of the request.
	RecordError func(context.Context, error)
	// Passed, if set, is called before each response with status 204. One page can
	// cause many of them, because the proxy asks for each of its files.
	Passed func(context.Context)
}

// handler serves Path. It responds to every other path with 404.
type handler struct {
	Config
	domain *domain.Service
}

// Handler returns the handler.
func (c Config) Handler(d *domain.Service) http.Handler {
	return &handler{c, d}
}

// ServeHTTP implements http.Handler. It sets and deletes no cookie, because the
// response goes to the proxy.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != Path:
		respond(w, http.StatusNotFound, "There is nothing at this address.")
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		respond(w, http.StatusMethodNotAllowed, "Use GET.")
		return
	}
	demands, err := parseDemands(r.URL.RawQuery)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	who, err := h.domain.Authorize(r.Context(), demands)
	delete(w.Header(), "Set-Cookie") // a session that ends here deletes its cookie
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if h.Passed != nil {
		h.Passed(r.Context())
	}
	setHeaders(w.Header(), who)
	w.WriteHeader(http.StatusNoContent)
}

// errDemands means that the query cannot be understood. That is a mistake in the
// configuration of the proxy.
var errDemands = errors.New("the parameters are not role=NAME and group=ID only")

// parseDemands reads the demands from the query. It refuses unknown parameters, so
// that a misspelt demand opens nothing.
func parseDemands(query string) (domain.Demands, error) {
	if query == "" {
		return domain.Demands{}, nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return domain.Demands{}, errDemands
	}
	d := domain.Demands{Roles: values["role"], Groups: values["group"]}
	delete(values, "role")
	delete(values, "group")
	if len(values) > 0 {
		return domain.Demands{}, errDemands
	}
	return d, nil
}

// fail responds to an error. Errors that say nothing about the user, such as that the
// session store is down, are 503: nobody passes, and the proxy may try again.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, errDemands):
		respond(w, http.StatusBadRequest, "The proxy is not configured correctly: "+err.Error()+".")
	case errors.Is(err, domain.ErrNotSignedIn):
		if h.isNavigation(r) {
			w.Header().Set("Location", h.signInURL(r))
			w.WriteHeader(http.StatusSeeOther)
			return
		}
		respond(w, http.StatusUnauthorized, "You are not signed in. Open the page again in a browser to sign in.")
		return
	case errors.Is(err, domain.ErrRoleMissing), errors.Is(err, domain.ErrGroupMissing):
		respond(w, http.StatusForbidden, "You are signed in, but your account may not open this page. Ask an administrator for access.")
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		w.WriteHeader(statusClientGone)
	default:
		w.Header().Set("Retry-After", "5")
		respond(w, http.StatusServiceUnavailable, "It cannot be checked at the moment whether you may open this page. Please try again in a few seconds.")
	}
	if h.RecordError != nil {
		h.RecordError(r.Context(), err)
	}
}

// statusClientGone is the status in the log if the client has disconnected. Proxies do
// that when the person leaves the page.
const statusClientGone = 499

// respond responds with a text. Some proxies show it to the person.
func respond(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // the client may have disconnected
}
