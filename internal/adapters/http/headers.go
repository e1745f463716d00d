package http

import (
	"context"
	"net/http"
	"strings"

	"webapp/internal/domain"
)

// securityHeaders sets the headers of every answer, also of errors, static
// files and health.
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

// header is one header, ready to be put into an http.Header. The value has no
// spare capacity, so that adding to it copies it.
type header struct {
	name  string
	value []string
}

func (a *app) fixedHeaders() []header {
	headers := []header{
		{cspHeader, a.policies.bare},
		{"X-Content-Type-Options", []string{"nosniff"}},
		// With no-referrer, browsers send "Origin: null" with our own forms, and
		// sameOrigin would refuse those that send no Sec-Fetch-Site. This policy
		// tells the origin and never a path or query.
		{"Referrer-Policy", []string{"strict-origin"}},
		{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
		{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
		{"Permissions-Policy", []string{"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"}},
		{"X-Frame-Options", []string{"DENY"}},
		// Pages are personal unless a handler says otherwise.
		{"Cache-Control", []string{"no-store"}},
	}
	if a.https {
		headers = append(headers, header{"Strict-Transport-Security", []string{"max-age=31536000"}})
	}
	return headers
}

const cspHeader = "Content-Security-Policy"

// policies are the Content-Security-Policies of what is not framed.
type policies struct {
	// bare is for all that is no page of ours: it may load and send nothing.
	bare []string
	// anonymous pages have the stylesheet and the icon, and no form.
	anonymous []string
	// signedIn pages have forms besides, to this origin, and the sign-out
	// button. Browsers apply form-action to every redirect that follows a form,
	// so the provider's sign-out must be allowed, and wherever it leads on to.
	signedIn []string
}

func newPolicies(signOutTargets []string) policies {
	const (
		page = "default-src 'none'; style-src 'self'; img-src 'self'; form-action "
		tail = "; frame-ancestors 'none'; base-uri 'none'"
	)
	return policies{
		bare:      []string{"default-src 'none'; form-action 'none'" + tail},
		anonymous: []string{page + "'none'" + tail},
		signedIn:  []string{page + strings.Join(append([]string{"'self'"}, signOutTargets...), " ") + tail},
	}
}

// ofPage is the policy of a page that is shown to session's user.
func (p policies) ofPage(session *domain.Session) []string {
	if session == nil {
		return p.anonymous
	}
	return p.signedIn
}

// allowFraming is for the one answer that the provider loads in a frame. It is
// empty, so there is nothing in it to be clicked on unawares.
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
