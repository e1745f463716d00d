package http

import (
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"

	"webapp/internal/domain"
	"webapp/templates"
)

// Page is a page for signed-in people. The routes, the navigation, the reserved
// paths and the tests of all pages are loops over Pages.
type Page struct {
	// Path is the path of the page below the base path, such as /reports.
	Path string
	// Role is the app role that opens the page. Empty opens it to everybody who
	// is signed in.
	Role string
	// RecentSignIn is the greatest age of the user's authentication at the provider,
	// in whole seconds. Zero permits any age.
	RecentSignIn time.Duration
	// AuthContext is the ID of the authentication context of Conditional Access that
	// the user's sign-in must satisfy, such as c1. Empty requires none.
	AuthContext string
	// Nav is the text of the page's link in the navigation, or the key of a text
	// in templates/messages. Empty leaves the link out.
	Nav templates.Message
	// Example is a view that the tests of all pages render.
	Example templates.View
	// NeedsAPI removes the page if ENDPOINT is not set.
	NeedsAPI bool

	// show returns the view of the page.
	show func(a *app, r *http.Request, session domain.Session) (templates.View, error)
	// post handles the page's form. It is nil for a page without a form.
	post func(a *app, w http.ResponseWriter, r *http.Request, session domain.Session) error
}

// HasForm reports whether the page takes a POST.
func (p Page) HasForm() bool { return p.post != nil }

// Pages returns the pages for signed-in people besides the home page, in the
// order of the navigation. Add a page of your own here. To remove a page, delete
// its line, its Go file and its file in templates.
func Pages() []Page {
	return []Page{
		{Path: "/call_api", Nav: "nav.api", show: (*app).callAPI, NeedsAPI: true, Example: templates.API{Method: "GET", Status: 200, Body: "{}"}},
		{Path: "/groups", Nav: "nav.groups", show: (*app).groups, Example: templates.Groups{Known: true, IDs: []string{"6f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c"}}},
		{Path: "/admin", Nav: "nav.admin", Role: adminRole, show: (*app).admin, Example: templates.Admin{Role: adminRole, Roles: []string{adminRole}}},
		{Path: "/fresh", Nav: "nav.fresh", RecentSignIn: freshAge, show: (*app).fresh, Example: templates.Fresh{}},
		{Path: sessionsPath, Nav: "nav.sessions", show: (*app).sessions, post: (*app).endSessions, Example: templates.Sessions{Sessions: []templates.SessionRow{{This: true}}}},
	}
}

// enabledPages returns the pages that exist with the configuration c.
func enabledPages(c Config) []Page {
	return slices.DeleteFunc(Pages(), func(p Page) bool { return p.NeedsAPI && c.Endpoint == "" })
}

// routePages adds the routes of Pages.
func (a *app) routePages(r chi.Router) {
	for _, p := range a.enabledPages {
		guard := func(h signedInFunc) http.HandlerFunc {
			h = a.requireSignIn(h, requireRecentSignIn(p.RecentSignIn), requireAuthContext(p.AuthContext))
			return a.handle(a.requireRole(p.Role, h))
		}
		r.Get(a.url(p.Path), guard(func(w http.ResponseWriter, r *http.Request, session domain.Session) error {
			v, err := p.show(a, r, session)
			if err != nil {
				return err
			}
			return a.page(w, r, http.StatusOK, &session, v)
		}))
		if p.post != nil {
			r.Post(a.url(p.Path), guard(func(w http.ResponseWriter, r *http.Request, session domain.Session) error {
				return p.post(a, w, r, session)
			}))
		}
	}
}

// nav returns the links of the navigation, without pages for roles that user does
// not have.
func (a *app) nav(user domain.User) []templates.Link {
	links := append(make([]templates.Link, 0, 1+len(a.enabledPages)), templates.Link{Text: "nav.home", URL: a.url(homePath)})
	for _, p := range a.enabledPages {
		if p.Nav != "" && (p.Role == "" || user.HasRole(p.Role)) {
			links = append(links, templates.Link{Text: p.Nav, URL: a.url(p.Path)})
		}
	}
	return links
}
