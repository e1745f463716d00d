package doctor_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"webapp/internal/adapters/fakeidp"
)

func discard() *log.Logger { return log.New(io.Discard, "", 0) }

// These texts must not appear in the doctor's output.
const (
	loginState  = "St4te-0f-a-sign-in"
	loginCookie = "C00kie-0f-a-sign-in"
)

// standIn plays the running application behind a proxy that changes responses. The
// test of the command uses the real application.
type standIn struct {
	authorize   string // path of the provider's authorization endpoint
	redirectURI string
	clientID    string
	pushed      bool // the authorization request is pushed
	// alter changes the headers of a response. before can respond in place of the
	// application; it returns true if it did.
	alter  func(r *http.Request, h http.Header)
	before func(w http.ResponseWriter, r *http.Request) bool
}

func newStandIn() *standIn {
	return &standIn{
		authorize:   "/" + fakeidp.ContosoTenantID + "/oauth2/v2.0/authorize",
		redirectURI: "https://" + appHost + "/getAToken", clientID: fakeidp.DefaultClientID,
	}
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.before != nil && s.before(w, r) {
		return
	}
	answer := httptest.NewRecorder()
	s.answer(answer, r)
	if s.alter != nil {
		s.alter(r, answer.Header())
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = answer.Body.WriteTo(w)
}

func (s *standIn) answer(w http.ResponseWriter, r *http.Request) {
	for name, value := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Referrer-Policy": "strict-origin", "Cache-Control": "no-store", "X-Request-Id": "0123456789abcdef",
		"Strict-Transport-Security": "max-age=31536000",
	} {
		w.Header().Set(name, value)
	}
	switch r.URL.Path {
	case "/healthz":
		_, _ = io.WriteString(w, "ok\n")
	case "/login":
		query := url.Values{"client_id": {s.clientID}, "redirect_uri": {s.redirectURI}, "state": {loginState}}
		if s.pushed {
			query = url.Values{"client_id": {s.clientID}, "request_uri": {"urn:x"}}
		}
		http.SetCookie(w, &http.Cookie{
			Name: "__Host-webapp_signin_1", Value: loginCookie, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
		w.Header().Set("Location", "https://"+idpHost+s.authorize+"?"+query.Encode())
		w.WriteHeader(http.StatusSeeOther)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// cookie makes the proxy rewrite the cookie.
func cookie(replacements ...string) func(*http.Request, http.Header) {
	rewrite := strings.NewReplacer(replacements...)
	return func(_ *http.Request, h http.Header) {
		for i, line := range h["Set-Cookie"] {
			h["Set-Cookie"][i] = rewrite.Replace(line)
		}
	}
}

// without makes the proxy remove headers.
func without(names ...string) func(*http.Request, http.Header) {
	return func(_ *http.Request, h http.Header) {
		for _, name := range names {
			h.Del(name)
		}
	}
}

// with makes the proxy set a header.
func with(name, value string) func(*http.Request, http.Header) {
	return func(_ *http.Request, h http.Header) { h.Set(name, value) }
}

// refuse makes the proxy respond in place of the application.
func refuse(status int, path string, headers ...string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if path != "" && r.URL.Path != path {
			return false
		}
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		return true
	}
}
