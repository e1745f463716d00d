package http

import (
	"net/http"

	"webapp/internal/domain"
	"webapp/templates"
)

// adminRole is the app role that the example page for administrators needs.
const adminRole = "Admin"

// admin is the example of a page for one role.
func (a *app) admin(_ *http.Request, session domain.Session) (templates.View, error) {
	return templates.Admin{Role: adminRole, Roles: session.User.Roles}, nil
}
