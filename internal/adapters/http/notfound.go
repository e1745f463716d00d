package http

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"webapp/templates"
)

// peekTimeout limits how long an error page waits for the session store to find
// out who is signed in.
const peekTimeout = 500 * time.Millisecond

// withNavigation gives the error pages of h the navigation of the signed-in user.
// It sets no cookie and changes no session. The navigation is missing for an
// oversized request and while the session store does not respond.
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

// methodNotAllowed responds with 405 and the allowed methods of a known path (RFC
// 9110, section 15.5.6). The router also calls it for unknown methods on any path,
// so an unknown path gets 404 here.
func methodNotAllowed(w http.ResponseWriter, r *http.Request) error {
	_, allowed := routesAt(r)
	if len(allowed) == 0 {
		return errNotFound
	}
	return wrongMethod(w, allowed...)
}

// wrongMethod sets Allow and returns the error of a 405 page.
func wrongMethod(w http.ResponseWriter, allowed ...string) error {
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return &viewError{errMethod, templates.MethodNotAllowed{Allowed: allowed}}
}

// routesAt returns the pattern and the methods of the routes with the request's
// path. The pattern is "" if there is no such route.
func routesAt(r *http.Request) (pattern string, methods []string) {
	routed := chi.RouteContext(r.Context())
	if routed == nil {
		return "", nil // the server refused the request before routing
	}
	path := r.URL.Path
	if r.URL.RawPath != "" {
		path = r.URL.RawPath // the router matches this form
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
