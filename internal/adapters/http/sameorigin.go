package http

import (
	"net/http"
	"strings"
)

// sameOrigin refuses requests from other origins, except GET, HEAD and OPTIONS.
// The form_post callback is a cross-site POST by design, and its state protects
// it.
func (a *app) sameOrigin(next http.Handler) http.Handler {
	own := originOfBrowsers(a.PublicOrigin)
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		callback := a.FormPost && r.URL.Path == a.CallbackPath
		if !callback && !fromOrigin(r, own) {
			return errCrossOrigin
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// fromOrigin reports whether r has a safe method, or does not come from a page of
// another origin. Browsers send the origin in Sec-Fetch-Site, older ones in Origin
// or Referer. A request without any of them comes from a program and passes.
// http.CrossOriginProtection was considered: it compares Origin with the Host
// header, but the application's origin must come from configuration only.
func fromOrigin(r *http.Request, own string) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
		if origin := r.Header.Get("Origin"); origin != "" {
			return origin == own
		}
		referer := r.Header.Get("Referer")
		return referer == "" || strings.HasPrefix(referer+"/", own+"/")
	}
	return false
}

// originOfBrowsers returns an origin as browsers write it: in lower case and
// without the scheme's default port (RFC 6454, section 6.1).
func originOfBrowsers(origin string) string {
	origin = strings.ToLower(origin)
	scheme, _, _ := strings.Cut(origin, ":")
	if port := map[string]string{"https": ":443", "http": ":80"}[scheme]; port != "" {
		origin = strings.TrimSuffix(origin, port)
	}
	return origin
}

// navigationsOnly refuses requests for which isEmbedded returns true. As a form_post
// callback, each would also reveal whether the user is signed in.
func (a *app) navigationsOnly(next http.Handler) http.Handler {
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		if isEmbedded(r) {
			return errCrossOrigin
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// isEmbedded reports whether another site embeds r as an image, a script or a frame.
// Each of them would start a sign-in, and a few would displace the user's own pending
// one. Links and forms on other sites are navigations and pass. Requests without Fetch
// Metadata headers come from old browsers or programs and pass too.
//
// It also returns true for a prefetch. A page of a sibling subdomain can cause one with
// speculation rules. It carries cookies and looks like an address that the user has typed.
// Browsers discard the response and repeat the request if the user opens the page.
func isEmbedded(r *http.Request) bool {
	if strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch") {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return !absentOr(r, "Sec-Fetch-Mode", "navigate") || !absentOr(r, "Sec-Fetch-Dest", "document")
	}
	return false
}

// absentOr reports whether a header is absent or has the wanted value.
func absentOr(r *http.Request, name, wanted string) bool {
	got := r.Header.Get(name)
	return got == "" || got == wanted
}
