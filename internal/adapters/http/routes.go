package http

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"webapp/internal/domain"
	"webapp/templates"
)

// The paths of the routes below Config.BasePath. Pages has the paths of the pages for
// signed-in people. The callback's path is configured. Static files start with
// templates.StaticPrefix.
const (
	homePath         = "/"
	loginPath        = "/login"
	logoutPath       = "/logout"
	editProfilePath  = "/edit-profile"
	sessionPath      = "/session"
	sessionsPath     = "/sessions"
	frontChannelPath = "/frontchannel-logout"
	backChannelPath  = "/backchannel-logout"
	healthPath       = "/healthz"
	readyPath        = "/readyz"
)

// maxForm limits a request body in bytes. The longest callback, maxCallback, fits
// with half of its characters escaped.
const maxForm = 32 << 10

// routes returns the router with all routes of the application.
func (a *app) routes() (router, error) {
	if err := a.checkMounts(); err != nil {
		return nil, err
	}
	r := chi.NewRouter()
	r.Use(a.observe, a.securityHeaders, a.limitInFlight, headLikeGet)
	r.NotFound(a.withNavigation(notFound))
	r.MethodNotAllowed(a.withNavigation(methodNotAllowed))

	// These routes read and set no cookie.
	if a.BasePath != "" {
		r.Get(a.BasePath, a.handle(a.redirectHome))
	}
	r.Get(a.url(healthPath), a.handle(a.healthz))
	r.Get(a.url(readyPath), a.handle(a.readyz))
	r.Get(a.url(templates.StaticPrefix)+"*", a.handle(a.staticFile))

	// The provider calls these routes without the session cookie. The request names
	// the session.
	r.Get(a.url(frontChannelPath), a.handle(a.frontChannelLogout))
	r.With(limitBody).Post(a.url(backChannelPath), a.handle(a.backChannelLogout))

	r.Group(func(r chi.Router) {
		r.Use(a.limitRequestSize, limitBody, a.sameOrigin, a.Sessions)
		a.pageRoutes(r)
		for path, h := range a.Mounts {
			h = http.StripPrefix(a.BasePath, h)
			r.Handle(a.url(path), h)
			r.Handle(a.url(path)+"/*", h)
		}
	})
	return r, nil
}

// headLikeGet routes a HEAD request like a GET request. The server leaves out the body
// of the response.
func headLikeGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			chi.RouteContext(r.Context()).RouteMethod = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// pageRoutes adds the routes that browsers visit.
func (a *app) pageRoutes(r chi.Router) {
	r.Get(a.url(homePath), a.handle(a.home))
	r.With(a.navigationsOnly, a.limitSignIns).Get(a.url(loginPath), a.handle(a.login))
	if a.Domain.HasFlow(domain.FlowEditProfile) {
		r.With(a.navigationsOnly, a.limitSignIns).Get(a.url(editProfilePath), a.handle(a.signedIn(a.editProfile)))
	}
	r.Get(a.CallbackPath, a.handle(a.callback))
	if a.FormPost {
		r.With(a.navigationsOnly).Post(a.CallbackPath, a.handle(a.callback))
	}
	r.Get(a.url(logoutPath), a.handle(a.confirmSignOut))
	r.Post(a.url(logoutPath), a.handle(a.signOut))
	r.Get(a.url(sessionPath), a.sessionStatus(a.Domain.Peek))
	r.Post(a.url(sessionPath), a.sessionStatus(a.Domain.CurrentUser))
	a.routePages(r)
}

// checkMounts returns an error if the path of a mount is not a plain path or
// already belongs to a page. The router would let the last registration win.
func (a *app) checkMounts() error {
	for path := range a.Mounts {
		if !strings.HasPrefix(path, "/") || strings.TrimRight(path, "/") != path || strings.ContainsAny(path, "{}*?#%") {
			return fmt.Errorf("http: %q cannot be mounted: it must be a path such as /api", path)
		}
		if Reserved(a.BasePath, a.url(path)) || a.url(path) == a.CallbackPath {
			return fmt.Errorf("http: %q cannot be mounted: the path belongs to a page", path)
		}
	}
	return nil
}

func reservedPaths() []string {
	paths := []string{homePath, loginPath, logoutPath, editProfilePath, sessionPath, frontChannelPath, backChannelPath, healthPath, readyPath,
		strings.TrimSuffix(templates.StaticPrefix, "/")}
	for _, p := range Pages() {
		paths = append(paths, p.Path)
	}
	return paths
}

// Reserved reports whether path belongs to a route of an application below basePath,
// with or without a trailing slash. A redirect URI or a mount must not have such a
// path.
func Reserved(basePath, path string) bool {
	route, below := strings.CutPrefix(path, basePath)
	return below && (route == homePath || route == "" && basePath != "" ||
		slices.Contains(reservedPaths(), strings.TrimSuffix(route, "/")) || strings.HasPrefix(route, templates.StaticPrefix))
}

// NoReturn returns the paths that a sign-in must not return to, because they start
// or complete a sign-in, or end the session.
func NoReturn(basePath, callbackPath string) []string {
	return []string{callbackPath, basePath + loginPath, basePath + logoutPath}
}

// redirectHome redirects to the home page from the base path without its final slash.
func (a *app) redirectHome(w http.ResponseWriter, _ *http.Request) error {
	return seeOther(w, a.url(homePath))
}

// limitBody limits the size of a request body to maxForm.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		}
		next.ServeHTTP(w, r)
	})
}

// staticFile serves a static file by its current, versioned name.
func (a *app) staticFile(w http.ResponseWriter, r *http.Request) error {
	if !a.pages.WriteStatic(w, r) {
		// While two versions are deployed side by side, the other version may
		// have this file. The 404 page is therefore not cacheable.
		return errNotFound
	}
	return nil
}
