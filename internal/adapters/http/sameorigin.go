package http

import (
	"net/http"
	"strings"
)

// sameOrigin refuses what another site makes a browser send: every method but
// GET, HEAD and OPTIONS must come from this origin. The callback alone is a
// cross-site POST by design (form_post); its state protects it.
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

// fromOrigin reports whether r changes nothing, comes from a page of this
// origin, or comes from a program. A browser tells the origin of a request in
// Sec-Fetch-Site; one without Fetch Metadata tells it in Origin, or in Referer.
// http.CrossOriginProtection is no replacement: it compares with the Host header,
// and this origin comes from configuration alone.
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

// originOfBrowsers writes an origin as browsers do (RFC 6454, section 6.1): in
// lower case and without the scheme's own port.
func originOfBrowsers(origin string) string {
	origin = strings.ToLower(origin)
	scheme, _, _ := strings.Cut(origin, ":")
	if port := map[string]string{"https": ":443", "http": ":80"}[scheme]; port != "" {
		origin = strings.TrimSuffix(origin, port)
	}
	return origin
}

// navigationsOnly refuses images, scripts and frames that a page elsewhere makes
// a browser fetch. Each would begin a sign-in, and a few of them would crowd out
// the one that the person is about to finish; as a form_post callback, each
// would carry cookies that tell whether somebody is signed in. Links and forms
// from elsewhere are navigations and pass. A request without these headers (Fetch Metadata Request
// Headers) comes from an old browser or a program, and passes too.
func (a *app) navigationsOnly(next http.Handler) http.Handler {
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		switch r.Header.Get("Sec-Fetch-Site") {
		case "cross-site", "same-site":
			if !absentOr(r, "Sec-Fetch-Mode", "navigate") || !absentOr(r, "Sec-Fetch-Dest", "document") {
				return errCrossOrigin
			}
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// absentOr reports whether a header is absent or says what is wanted.
func absentOr(r *http.Request, name, wanted string) bool {
	got := r.Header.Get(name)
	return got == "" || got == wanted
}
