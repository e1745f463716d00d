package http

import (
	"errors"
	"net/http"
	"net/url"

	"webapp/internal/domain"
	"webapp/templates"
)

// login starts a sign-in and redirects the browser to the provider.
func (a *app) login(w http.ResponseWriter, r *http.Request) error {
	location, err := a.Domain.SignIn(r.Context(), domain.SignInRequest{
		ReturnTo:  r.URL.Query().Get("return_to"),
		Scopes:    a.Scopes,
		UILocales: a.pages.Language(r),
		Flow:      domain.Flow(r.URL.Query().Get("flow")),
	})
	if err != nil {
		return err
	}
	return seeOther(w, location)
}

// loginURL returns the URL that starts a sign-in and returns to path afterwards.
func (a *app) loginURL(path string) string { return a.flowURL("", path) }

// flowURL returns the URL that starts the flow and returns to path afterwards. An empty
// flow is the sign-in.
func (a *app) flowURL(flow domain.Flow, path string) string {
	query := url.Values{}
	if flow != "" {
		query.Set("flow", string(flow))
	}
	if path != "" && path != a.url(homePath) {
		query.Set("return_to", path)
	}
	if len(query) == 0 {
		return a.url(loginPath)
	}
	return a.url(loginPath) + "?" + query.Encode()
}

// nextSignIn returns the URL of the flow that follows a callback with err: the sign-in
// after a new password, or the reset of a forgotten password. ok is false if none follows.
// The URL is below loginPath, which limits how many sign-ins an address starts.
func (a *app) nextSignIn(err error) (location string, ok bool) {
	unfinished, failed := errors.AsType[*domain.SignInFailure](err)
	switch {
	case !failed:
	case errors.Is(err, domain.ErrSignInAgain):
		return a.loginURL(unfinished.ReturnTo), true
	case errors.Is(err, domain.ErrPasswordForgotten) && a.Domain.HasFlow(domain.FlowResetPassword):
		return a.flowURL(domain.FlowResetPassword, unfinished.ReturnTo), true
	}
	return "", false
}

// editProfile sends a signed-in user to the provider's page for the profile.
func (a *app) editProfile(w http.ResponseWriter, r *http.Request, _ domain.Session) error {
	location, err := a.Domain.EditProfile(r.Context(), a.pages.Language(r))
	if err != nil {
		return err
	}
	return seeOther(w, location)
}

// signedInFunc is a handler for signed-in people.
type signedInFunc func(w http.ResponseWriter, r *http.Request, session domain.Session) error

// signedIn requires a signed-in user. Without one, or if the session ends while h
// runs, it responds with 401 and the sign-in page, which returns to the requested
// page. If h needs another sign-in, such as one for consent, signedIn starts it.
// Clients that prefer JSON get a problem document instead.
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
		case interactive && required.SignIn != (domain.SignInRequirement{}) && (wantsJSON(r) || r.Method != http.MethodGet):
			return stepUpFirst(w, required)
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

// requireRole requires a signed-in user with the app role. An empty role admits
// every signed-in user. Other users get 403 and a page that names the missing role
// and whom to ask.
func (a *app) requireRole(role string, h signedInFunc) handlerFunc {
	return a.signedIn(func(w http.ResponseWriter, r *http.Request, session domain.Session) error {
		if role == "" || session.User.HasRole(role) {
			return h(w, r, session)
		}
		return &viewError{domain.ErrRoleMissing, templates.Forbidden{Role: role, Username: session.User.Username}}
	})
}

// signInFirst responds with 401 and the sign-in page, which returns to the
// requested page.
func (a *app) signInFirst(w http.ResponseWriter, r *http.Request) error {
	wanted := a.Domain.ReturnPath(r.URL.RequestURI())
	v := a.signInView(r.Context(), wanted)
	v.Wanted, v.Lost = wanted, wanted == a.url(homePath)
	return a.page(w, r, http.StatusUnauthorized, nil, v)
}
