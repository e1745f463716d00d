package http

import (
	"errors"
	"net/http"

	"webapp/internal/domain"
	"webapp/templates"
)

// adminRole is the app role that the example page for administrators needs.
const adminRole = "Admin"

// requireRole lets signed-in people through who have the app role. Others get a
// page that says which role is missing and whom to ask, with status 403.
func (a *app) requireRole(role string, h signedInFunc) handlerFunc {
	return a.signedIn(func(w http.ResponseWriter, r *http.Request, session domain.Session) error {
		if session.User.HasRole(role) {
			return h(w, r, session)
		}
		return &shownError{domain.ErrRoleMissing, templates.Forbidden{Role: role, Username: session.User.Username}}
	})
}

// admin is an example of a page for one role.
func (a *app) admin(w http.ResponseWriter, r *http.Request, session domain.Session) error {
	return a.page(w, r, http.StatusOK, &session, templates.Admin{Role: adminRole, Roles: session.User.Roles})
}

// groups shows the user's directory groups.
func (a *app) groups(w http.ResponseWriter, r *http.Request, session domain.Session) error {
	groups, err := a.Domain.Groups(r.Context())
	if errors.Is(err, domain.ErrUnsupported) {
		return a.page(w, r, http.StatusOK, &session, templates.Groups{})
	}
	if err != nil {
		return err
	}
	v := templates.Groups{Known: true, IDs: groups.IDs, AsOf: templates.NewMoment(groups.AsOf, a.Now())}
	return a.page(w, r, http.StatusOK, &session, v)
}
