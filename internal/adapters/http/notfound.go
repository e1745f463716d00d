package http

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"webapp/templates"
)

// peekTimeout is how long an error page waits for the session store, to
// learn whose navigation to show.
const peekTimeout = 500 * time.Millisecond

// withNavigation lets the error pages of h have the navigation of whoever is signed
// in. It sets no cookie and changes no session. An oversized request, and one
// that comes while the store does not respond, gets the page without it.
func (a *app) withNavigation(h handlerFunc) http.HandlerFunc {
	known := a.Sessions(a.handle(func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), peekTimeout)
		defer cancel()
		if session, err := a.Domain.Peek(ctx); err == nil {
			observed(r.Context()).session = &session
		}
		return h(w, r)
	}))
	return func(w http.ResponseWriter, r *http.Request) {
		if wantsJSON(r) || checkRequestSize(r) != nil {
			a.handle(h)(w, r)
			return
		}
		known.ServeHTTP(w, r)
	}
}

func notFound(http.ResponseWriter, *http.Request) error {
	return errNotFound
}

// methodNotAllowed says which methods a known path has (RFC 9110, section
// 15.5.6). The router also asks it for every path where it does not know the
// method.
func methodNotAllowed(w http.ResponseWriter, r *http.Request) error {
	_, allowed := routesAt(r)
	if len(allowed) == 0 {
		return errNotFound
	}
	return wrongMethod(w, allowed...)
}

// wrongMethod names the allowed methods.
func wrongMethod(w http.ResponseWriter, allowed ...string) error {
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return &viewError{errMethod, templates.MethodNotAllowed{Allowed: allowed}}
}

// routesAt returns the pattern of the routes that have the request's path, ""
// where none has, and their methods.
func routesAt(r *http.Request) (pattern string, methods []string) {
	routed := chi.RouteContext(r.Context())
	if routed == nil {
		return "", nil // refused before there was anything to route
	}
	path := r.URL.Path
	if r.URL.RawPath != "" {
		path = r.URL.RawPath // as the router has it
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		found := routed.Routes.Find(chi.NewRouteContext(), method, path)
		if found == "" {
			continue
		}
		pattern, methods = found, append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	return pattern, methods
}
