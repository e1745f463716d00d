package http

import "net/http"

// visitsOnly refuses what a page elsewhere has a browser fetch without the
// person going there: an image, a script, a frame. Each would begin a sign-in,
// and a few of them crowd out the one that the person is about to finish. Links
// from elsewhere are visits. What has no such headers (Fetch Metadata Request
// Headers) is an old browser or none.
func (a *app) visitsOnly(next http.Handler) http.Handler {
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
