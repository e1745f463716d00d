package http

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"webapp/internal/domain"
)

// requirement adds one demand of a page to a SignInRequirement.
type requirement func(*domain.SignInRequirement)

// requireRecentSignIn requires that the user has authenticated at the provider within
// d. Zero requires nothing.
func requireRecentSignIn(d time.Duration) requirement {
	return func(need *domain.SignInRequirement) { need.MaxAge = d }
}

// requireAuthContext requires an authentication context of Conditional Access, such as
// "c1". Empty requires nothing.
func requireAuthContext(id string) requirement {
	return func(need *domain.SignInRequirement) { need.AuthContext = id }
}

// requireSignIn calls h if the user's sign-in meets all requirements. Otherwise it returns
// an *domain.InteractionRequired, for which signedIn starts one step-up sign-in. The new
// sign-in has the scopes of an ordinary one, so that the session keeps its access to the
// API.
func (a *app) requireSignIn(h signedInFunc, requirements ...requirement) signedInFunc {
	var need domain.SignInRequirement
	for _, add := range requirements {
		add(&need)
	}
	return func(w http.ResponseWriter, r *http.Request, session domain.Session) error {
		if err := a.Domain.CheckSignIn(session, need, a.Scopes...); err != nil {
			return err
		}
		return h(w, r, session)
	}
}

// interact starts the sign-in that a handler's error requires. It returns to the same
// page. A request that a page of a sibling subdomain embeds carries the session cookie, but
// must not start a sign-in: interact returns errCrossOrigin.
func (a *app) interact(w http.ResponseWriter, r *http.Request, required *domain.InteractionRequired) error {
	if isEmbedded(r) {
		return errCrossOrigin
	}
	if err := a.limitPushes(r); err != nil {
		return err
	}
	location, err := a.Domain.StepUp(r.Context(), r.URL.RequestURI(), a.pages.Language(r), required)
	if err != nil {
		return err
	}
	return seeOther(w, location)
}

// errStepUpFirst means that the page requires another sign-in, and this request cannot
// start it: the redirect would lose a form's entries, and a program cannot follow it.
var errStepUpFirst = errors.New("the request needs a step-up sign-in first")

// stepUpFirst returns errStepUpFirst and sets WWW-Authenticate to the requirement (RFC
// 9470, section 3). The scheme Bearer only carries the error code: no page accepts a bearer
// token.
func stepUpFirst(w http.ResponseWriter, required *domain.InteractionRequired) error {
	challenge := `Bearer error="` + insufficientAuthentication + `"`
	if age := required.SignIn.MaxAge; age > 0 {
		challenge += fmt.Sprintf(`, max_age="%d"`, age/time.Second)
	}
	if id := required.SignIn.AuthContext; id != "" {
		challenge += fmt.Sprintf(`, acr_values="%s"`, id)
	}
	w.Header().Set("WWW-Authenticate", challenge)
	return fmt.Errorf("%w: %w", errStepUpFirst, required)
}

// insufficientAuthentication is the error code of RFC 9470, section 3.
const insufficientAuthentication = "insufficient_user_authentication"
