package http

import (
	"net/http"
	"strings"
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
		{"Content-Security-Policy", []string{a.contentSecurityPolicy()}},
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Referrer-Policy", []string{"no-referrer"}},
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

// framedPolicy is for the one answer that the provider loads in a frame. It is
// empty, so there is nothing in it to be clicked on unawares.
func (a *app) framedPolicy() string {
	return strings.Join(append([]string{"default-src 'none'; frame-ancestors"}, a.FrameAncestors...), " ")
}

// contentSecurityPolicy allows the stylesheet and the icon, forms to this
// origin, and the sign-out form's redirect to the provider; nothing else.
func (a *app) contentSecurityPolicy() string {
	formAction := strings.Join(append([]string{"form-action 'self'"}, a.SignOutTargets...), " ")
	return "default-src 'none'; style-src 'self'; img-src 'self'; " + formAction +
		"; frame-ancestors 'none'; base-uri 'none'"
}
