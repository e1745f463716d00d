package http

import (
	"context"
	"net/http"
	"strings"

	"webapp/internal/domain"
)

// securityHeaders sets the security headers of every response, including errors,
// static files and health checks.
func (a *app) securityHeaders(next http.Handler) http.Handler {
	fixed := a.fixedHeaders()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, f := range fixed {
			h[f.name] = f.value
		}
		next.ServeHTTP(w, r)
	})
}

// header is a header of every response. Requests share value, which has no spare
// capacity, so http.Header.Add copies it.
type header struct {
	name  string
	value []string
}

func (a *app) fixedHeaders() []header {
	headers := []header{
		{cspHeader, a.policies.bare},
		{"X-Content-Type-Options", []string{"nosniff"}},
		// With no-referrer, browsers send "Origin: null" with our own forms.
		// sameOrigin would refuse them in browsers without Sec-Fetch-Site.
		// strict-origin sends the origin and never a path or query.
		{"Referrer-Policy", []string{"strict-origin"}},
		{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
		{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
		{"Permissions-Policy", []string{"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"}},
		{"X-Frame-Options", []string{"DENY"}},
		// Most responses are personal. Handlers of others replace this header.
		{"Cache-Control", []string{"no-store"}},
	}
	if a.https {
		headers = append(headers, header{"Strict-Transport-Security", []string{"max-age=31536000"}})
	}
	return headers
}

const cspHeader = "Content-Security-Policy"

// policies are the Content-Security-Policy headers of responses that may not be
// framed.
type policies struct {
	// bare is for responses that are not pages. They may load and send nothing.
	bare []string
	// anonymous is for pages with the stylesheet and the icon, but no form.
	anonymous []string
	// signedIn is for pages with forms to this origin, such as the sign-out
	// button. Browsers apply form-action to every redirect after a form, so it
	// lists the provider's end-session endpoint and the redirects that follow.
	// Scripts of this origin may run and may send requests to it.
	signedIn []string
}

func newPolicies(signOutTargets []string) policies {
	const (
		page = "default-src 'none'; style-src 'self'; img-src 'self'; form-action "
		tail = "; frame-ancestors 'none'; base-uri 'none'"
	)
	targets := strings.Join(append([]string{"'self'"}, signOutTargets...), " ")
	return policies{
		bare:      []string{"default-src 'none'; form-action 'none'" + tail},
		anonymous: []string{page + "'none'" + tail},
		signedIn:  []string{page + targets + tail + "; script-src 'self'; connect-src 'self'"},
	}
}

// ofPage returns the policy of a page for session's user, or for an anonymous
// visitor if session is nil.
func (p policies) ofPage(session *domain.Session) []string {
	if session == nil {
		return p.anonymous
	}
	return p.signedIn
}

// allowFraming lets the provider load a response in a frame. It is for the
// front-channel logout only, whose response is empty, so clickjacking is harmless.
func (a *app) allowFraming(ctx context.Context, h http.Header) {
	var ancestors []string
	if a.FrameAncestors != nil {
		ancestors = a.FrameAncestors(ctx)
	}
	if len(ancestors) == 0 {
		return
	}
	h.Del("X-Frame-Options")
	h.Set(cspHeader, "default-src 'none'; form-action 'none'; frame-ancestors "+strings.Join(ancestors, " ")+"; base-uri 'none'")
}
