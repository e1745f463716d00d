package http

import (
	"net/http"

	"webapp/internal/domain"
	"webapp/templates"
)

// BarePages is for measurements. It answers net/http handlers that render the
// home page and the page for administrators, always with the same data, and do
// nothing else: no route, no session, no log, no security header. What the
// handler of New costs beyond them is the cost of the application.
//
// The data is what a handler of c would show to whoever sends r, which is a
// request of somebody signed in that has passed c.Sessions.
func BarePages(c Config, r *http.Request) (home, admin http.Handler, err error) {
	p, err := newPages(c)
	if err != nil {
		return nil, nil, err
	}
	a := &app{Config: c, pages: p}
	session, err := a.Domain.CurrentUser(r.Context())
	if err != nil {
		return nil, nil, err
	}
	v, err := a.homeView(r.Context(), session)
	if err != nil {
		return nil, nil, err
	}
	return a.bare("/", session, v), a.bare("/admin", session, templates.Admin{Role: adminRole, Roles: session.User.Roles}), nil
}

func (a *app) bare(path string, session domain.Session, v templates.View) http.Handler {
	shown := templates.Chrome{SignedIn: true, Name: session.User.Name, Nav: a.navFor(session.User), Current: path}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.pages.Write(w, r, http.StatusOK, shown, v); err != nil {
			http.Error(w, "the page cannot be rendered", http.StatusInternalServerError)
		}
	})
}
