package http

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"webapp/templates"
)

// The paths of the routes. Those of signed-in people's pages stand in Pages. The
// callback's path is configured, and static files begin with
// templates.StaticPrefix.
const (
	homePath         = "/"
	loginPath        = "/login"
	logoutPath       = "/logout"
	sessionsPath     = "/sessions"
	frontChannelPath = "/frontchannel-logout"
	backChannelPath  = "/backchannel-logout"
	healthPath       = "/healthz"
	readyPath        = "/readyz"
)

// maxForm bounds a request body in bytes. It has room for the longest callback,
// maxCallback, with half of its characters escaped.
const maxForm = 32 << 10

// routes is the whole map of the application.
func (a *app) routes() (router, error) {
	if err := a.checkMounts(); err != nil {
		return nil, err
	}
	r := chi.NewRouter()
	r.Use(a.clientAddress, a.observe, a.securityHeaders, a.limitInFlight, middleware.GetHead)
	r.NotFound(a.withNavigation(notFound))
	r.MethodNotAllowed(a.withNavigation(methodNotAllowed))

	// Outside the session: no cookie is read or set.
	r.Get(healthPath, a.handle(a.healthz))
	r.Get(readyPath, a.handle(a.readyz))
	r.Get(templates.StaticPrefix+"*", a.handle(a.staticFile))

	// From the provider: no cookie comes along, and what counts is in the request.
	r.Get(frontChannelPath, a.handle(a.frontChannelLogout))
	r.With(limitBody).Post(backChannelPath, a.handle(a.backChannelLogout))

	r.Group(func(r chi.Router) {
		r.Use(a.limitRequestSize, limitBody, a.sameOrigin, a.Sessions)
		a.pageRoutes(r)
		for path, h := range a.Mounts {
			r.Handle(path, h)
			r.Handle(path+"/*", h)
		}
	})
	return r, nil
}

// pageRoutes are those of people with a browser.
func (a *app) pageRoutes(r chi.Router) {
	r.Get(homePath, a.handle(a.home))
	r.With(a.navigationsOnly, a.limitSignIns).Get(loginPath, a.handle(a.login))
	r.Get(a.CallbackPath, a.handle(a.callback))
	if a.FormPost {
		r.With(a.navigationsOnly).Post(a.CallbackPath, a.handle(a.callback))
	}
	r.Get(logoutPath, a.handle(a.confirmSignOut))
	r.Post(logoutPath, a.handle(a.signOut))
	a.routePages(r)
}

// checkMounts refuses a path that is no plain one, or that a page has: the
// router would let the later one win.
func (a *app) checkMounts() error {
	for path := range a.Mounts {
		if !strings.HasPrefix(path, "/") || strings.TrimRight(path, "/") != path || strings.ContainsAny(path, "{}*?#%") {
			return fmt.Errorf("http: %q cannot be mounted: it must be a path such as /api", path)
		}
		if Reserved(path) || path == a.CallbackPath {
			return fmt.Errorf("http: %q cannot be mounted: a page has that path", path)
		}
	}
	return nil
}

func reservedPaths() []string {
	paths := []string{homePath, loginPath, logoutPath, frontChannelPath, backChannelPath, healthPath, readyPath,
		strings.TrimSuffix(templates.StaticPrefix, "/")}
	for _, p := range Pages() {
		paths = append(paths, p.Path)
	}
	return paths
}

// Reserved says whether path is the application's own, with or without a slash
// at its end: neither a redirect URI nor another way in may have it.
func Reserved(path string) bool {
	return path == homePath || slices.Contains(reservedPaths(), strings.TrimSuffix(path, "/")) || strings.HasPrefix(path, templates.StaticPrefix)
}

// NoReturn are the paths that nobody is sent back to after signing in: they
// would start or end another sign-in.
func NoReturn(callbackPath string) []string { return []string{callbackPath, loginPath, logoutPath} }

// limitBody bounds what a handler can be made to read.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		}
		next.ServeHTTP(w, r)
	})
}

// staticFile answers with the file of a current name.
func (a *app) staticFile(w http.ResponseWriter, r *http.Request) error {
	if !a.pages.WriteStatic(w, r) {
		// A name of another version may be right a moment later, while
		// instances of two versions run: nobody is to remember this answer.
		return errNotFound
	}
	return nil
}
