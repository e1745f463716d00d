package http

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// maxForm bounds a request body in bytes. It has room for the longest callback,
// maxCallback, with half of its characters escaped.
const maxForm = 32 << 10

// routes is the whole map of the application.
func (a *app) routes() (http.Handler, error) {
	sameOrigin, err := a.sameOrigin()
	if err == nil {
		err = a.checkMounts()
	}
	if err != nil {
		return nil, err
	}
	r := chi.NewRouter()
	r.Use(a.clientAddress, a.observe, a.securityHeaders, a.limitInFlight, middleware.GetHead)
	r.NotFound(a.handle(a.notFound))
	r.MethodNotAllowed(a.handle(a.methodNotAllowed(r)))

	// Outside the session: no cookie is read or set.
	r.Get("/healthz", a.handle(a.healthz))
	r.Get("/readyz", a.handle(a.readyz))
	r.Get(staticPrefix+"*", a.pages.static.ServeHTTP)

	// From the provider: no cookie comes along, and what counts is in the request.
	r.Get("/frontchannel-logout", a.handle(a.frontChannelLogout))
	r.With(limitBody).Post("/backchannel-logout", a.handle(a.backChannelLogout))

	r.Group(func(r chi.Router) {
		r.Use(a.limitParts, limitBody, sameOrigin, a.Sessions)
		r.Get("/", a.handle(a.home))
		r.With(a.limitSignIns).Get(loginPath, a.handle(a.login))
		if a.FormPost {
			r.Post(a.CallbackPath, a.handle(a.callback))
		} else {
			r.Get(a.CallbackPath, a.handle(a.callback))
		}
		r.Get("/logout", a.handle(a.askSignOut))
		r.Post("/logout", a.handle(a.signOut))
		r.Get("/sessions", a.handle(a.signedIn(a.sessionsPage)))
		r.Post("/sessions", a.handle(a.signedIn(a.endSessions)))
		r.Get("/groups", a.handle(a.signedIn(a.groups)))
		r.Get("/admin", a.handle(a.requireRole(adminRole, a.admin)))
		if a.Endpoint != "" {
			r.Get("/call_api", a.handle(a.signedIn(a.callAPI)))
		}
		for path, h := range a.Mounts {
			r.Handle(path, h)
			r.Handle(path+"/*", h)
		}
	})
	return r, nil
}

// ReservedPaths are the routes that a redirect URI's path must not take.
func ReservedPaths() []string {
	return []string{"/", "/login", "/logout", "/call_api", "/sessions", "/groups", "/admin",
		"/frontchannel-logout", "/backchannel-logout", "/healthz", "/readyz"}
}

// checkMounts refuses a path that is no plain one, or that a page has: the
// router would let the later one win.
func (a *app) checkMounts() error {
	for path := range a.Mounts {
		if !strings.HasPrefix(path, "/") || strings.TrimRight(path, "/") != path || strings.ContainsAny(path, "{}*?#%") {
			return fmt.Errorf("http: %q cannot be mounted: it must be a path such as /api", path)
		}
		if slices.Contains(ReservedPaths(), path) || path == a.CallbackPath || path+"/" == staticPrefix {
			return fmt.Errorf("http: %q cannot be mounted: a page has that path", path)
		}
	}
	return nil
}

// sameOrigin refuses what another site makes a browser send: every method but
// GET, HEAD and OPTIONS must come from this origin. The callback alone is a
// cross-site POST by design (form_post); its state protects it.
func (a *app) sameOrigin() (func(http.Handler) http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(a.PublicOrigin); err != nil {
		return nil, fmt.Errorf("http: public origin: %w", err)
	}
	return func(next http.Handler) http.Handler {
		return a.handle(func(w http.ResponseWriter, r *http.Request) error {
			callback := a.FormPost && r.URL.Path == a.CallbackPath
			if err := protection.Check(r); err != nil && !callback {
				return errCrossOrigin
			}
			next.ServeHTTP(w, r)
			return nil
		})
	}, nil
}

// limitBody bounds what a handler can be made to read.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		}
		next.ServeHTTP(w, r)
	})
}
