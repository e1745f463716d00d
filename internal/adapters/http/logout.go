package http

import (
	"errors"
	"net/http"

	"webapp/internal/domain"
	"webapp/templates"
)

// confirmSignOut shows a page with the sign-out button. A GET must not sign out,
// because a link or an image on any site can send it.
func (a *app) confirmSignOut(w http.ResponseWriter, r *http.Request) error {
	session, err := a.Domain.CurrentUser(r.Context())
	if errors.Is(err, domain.ErrNotSignedIn) {
		return a.page(w, r, http.StatusOK, nil, templates.SignOut{})
	}
	if err != nil {
		return err
	}
	return a.page(w, r, http.StatusOK, &session, templates.SignOut{AtProvider: a.Domain.SignsOutAtProvider(r.Context())})
}

// signOut ends the session and redirects the browser to the provider's
// end-session endpoint, or to the home page if there is none.
func (a *app) signOut(w http.ResponseWriter, r *http.Request) error {
	location, err := a.Domain.SignOut(r.Context())
	if err != nil {
		return err
	}
	a.rememberSignOut(w, location != "")
	if location == "" {
		location = a.url(homePath)
	}
	return seeOther(w, location)
}

// signedOutCookie is a short-lived cookie that makes the home page confirm the
// sign-out after the provider has redirected back to it. It carries no secret.
const (
	signedOutCookie     = "webapp_signed_out"
	signedOutSeconds    = 5 * 60
	signedOutAtProvider = "provider"
	signedOutHere       = "here"
)

func (a *app) rememberSignOut(w http.ResponseWriter, atProvider bool) {
	value := signedOutHere
	if atProvider {
		value = signedOutAtProvider
	}
	http.SetCookie(w, a.signedOutCookie(value, signedOutSeconds))
}

// forgetSignOut deletes the cookie after a new sign-in.
func (a *app) forgetSignOut(w http.ResponseWriter, r *http.Request) {
	if _, ok := a.justSignedOut(r); ok {
		http.SetCookie(w, a.signedOutCookie("", -1))
	}
}

func (a *app) justSignedOut(r *http.Request) (atProvider, ok bool) {
	c, err := r.Cookie(a.signedOutCookie("", 0).Name)
	if err != nil {
		return false, false
	}
	return c.Value == signedOutAtProvider, true
}

func (a *app) signedOutCookie(value string, maxAge int) *http.Cookie {
	name := signedOutCookie
	if a.https {
		name = "__Host-" + name
	}
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: a.https, SameSite: http.SameSiteLaxMode}
}
