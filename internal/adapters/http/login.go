package http

import (
	"errors"
	"net/http"
	"net/url"

	"webapp/internal/domain"
	"webapp/templates"
)

// login begins a sign-in and sends the browser to the provider.
func (a *app) login(w http.ResponseWriter, r *http.Request) error {
	location, err := a.Domain.SignIn(r.Context(), domain.SignInRequest{
		ReturnTo: r.URL.Query().Get("return_to"),
		Scopes:   a.Scopes,
	})
	if err != nil {
		return err
	}
	return seeOther(w, location)
}

// loginURL is the link that signs in and comes back to path.
func loginURL(path string) string {
	if path == "" || path == homePath {
		return loginPath
	}
	return loginPath + "?return_to=" + url.QueryEscape(path)
}

// signedInFunc is a handler for signed-in people.
type signedInFunc func(w http.ResponseWriter, r *http.Request, session domain.Session) error

// signedIn lets signed-in people through. Anybody else gets the sign-in page
// in the page's place, with status 401, and comes back to it afterwards; so does
// a person whose session ends while the page is made.
func (a *app) signedIn(h signedInFunc) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		session, err := a.Domain.CurrentUser(r.Context())
		if err == nil {
			observed(r.Context()).session = &session
			if err = h(w, r, session); err != nil {
				observed(r.Context()).err = err // for the log line
			}
		}
		required, interactive := errors.AsType[*domain.InteractionRequired](err)
		switch {
		case wantsJSON(r):
			return err
		case errors.Is(err, domain.ErrNotSignedIn) && r.Method != http.MethodPost:
			return a.signInFirst(w, r)
		case interactive && r.Method == http.MethodGet:
			return a.interact(w, r, required)
		}
		return err
	}
}

// requireRole lets signed-in people through who have the app role, or everybody
// who is signed in if role is empty. Others get a page that says which role is
// missing and whom to ask, with status 403.
func (a *app) requireRole(role string, h signedInFunc) handlerFunc {
	return a.signedIn(func(w http.ResponseWriter, r *http.Request, session domain.Session) error {
		if role == "" || session.User.HasRole(role) {
			return h(w, r, session)
		}
		return &viewError{domain.ErrRoleMissing, templates.Forbidden{Role: role, Username: session.User.Username}}
	})
}

// signInFirst shows the sign-in page in the place of the page that was asked for.
func (a *app) signInFirst(w http.ResponseWriter, r *http.Request) error {
	wanted := a.Domain.ReturnPath(r.URL.RequestURI())
	v := a.signInView(r.Context(), wanted)
	v.Wanted, v.Lost = wanted, wanted == "/"
	return a.page(w, r, http.StatusUnauthorized, nil, v)
}

// interact begins the sign-in that a page's error asks for, with a return to the
// same page.
func (a *app) interact(w http.ResponseWriter, r *http.Request, required *domain.InteractionRequired) error {
	location, err := a.Domain.StepUp(r.Context(), r.URL.RequestURI(), required)
	if err != nil {
		return err
	}
	return seeOther(w, location)
}
