package http

import (
	"errors"
	"net/http"

	"webapp/internal/domain"
	"webapp/templates"
)

// adminRole is the app role that the example page for administrators needs.
const adminRole = "Admin"

// requireRole lets signed-in people through who have the app role, or everybody
// who is signed in if role is empty. Others get a page that says which role is
// missing and whom to ask, with status 403.
func (a *app) requireRole(role string, h signedInFunc) handlerFunc {
	return a.signedIn(func(w http.ResponseWriter, r *http.Request, session domain.Session) error {
		if role == "" || session.User.HasRole(role) {
			return h(w, r, session)
		}
		return &shownError{domain.ErrRoleMissing, templates.Forbidden{Role: role, Username: session.User.Username}}
	})
}

// admin is an example of a page for one role.
func (a *app) admin(_ *http.Request, session domain.Session) (templates.View, error) {
	return templates.Admin{Role: adminRole, Roles: session.User.Roles}, nil
}

// groups shows the user's directory groups.
func (a *app) groups(r *http.Request, _ domain.Session) (templates.View, error) {
	groups, err := a.Domain.Groups(r.Context())
	if errors.Is(err, domain.ErrUnsupported) {
		return templates.Groups{}, nil
	}
	if err != nil {
		return nil, err
	}
	return templates.Groups{Known: true, IDs: groups.IDs, AsOf: templates.NewMoment(groups.AsOf, a.Now())}, nil
}
