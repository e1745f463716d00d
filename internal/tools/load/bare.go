//go:build linux

package main

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/domain"
	"webapp/templates"
)

// barePages are the baselines of the pages: net/http handlers that render the pages
// of one person, always with the same data. They have no routes, sessions, logs or
// security headers.
type barePages struct {
	home     http.Handler // the templ component of the application
	homeHTML http.Handler // the same page with html/template
	signOut  http.Handler
}

//go:embed home.html
var homeHTML string

// bare returns the baselines for the person with this cookie, who has just signed
// in.
func (a *application) bare(cookie string) (b barePages, err error) {
	options := templates.Options{AppName: appName}
	options.WarnIdle, options.WarnEnd = a.config.Domain.EndWarnings()
	pages, err := templates.New(options)
	if err != nil {
		return b, err
	}
	var session domain.Session
	var claims []domain.Claim
	request := newRequest("/", cookie)
	a.sessions.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if session, err = a.config.Domain.CurrentUser(r.Context()); err == nil {
			claims, err = a.config.Domain.Claims(r.Context())
		}
		b.signOut = templPage(pages, "/logout", session.User, templates.SignOut{AtProvider: a.config.Domain.SignsOutAtProvider(r.Context())})
	})).ServeHTTP(newResponse(), request)
	if err != nil {
		return b, err
	}
	user, now := session.User, a.config.Now()
	v := templates.Home{
		Name: user.Name, Username: user.Username, TenantID: user.Tenant, Issuer: user.Issuer, Roles: user.Roles,
		Started: templates.NewMoment(session.Started, now), IdleEnd: templates.NewMoment(session.IdleEnds, now),
		AbsoluteEnd: templates.NewMoment(session.Ends, now),
	}
	for _, one := range claims {
		v.Claims = append(v.Claims, templates.Claim{Name: one.Name, Value: one.Value})
	}
	b.home = templPage(pages, "/", user, v)
	data := htmlHome{Home: v}
	for _, m := range []htmlMoment{{At: session.Started, Distance: "just now"}, {At: session.IdleEnds, Distance: "in 1 hour"}, {At: session.Ends, Distance: "in 12 hours"}} {
		data.Moments = append(data.Moments, htmlMoment{m.At.UTC(), m.At.UTC().Format("2 January 2006, 15:04 UTC"), m.Distance})
	}
	if err := pages.Write(newResponse(), request, http.StatusOK, chrome("/", user), pageKeeper{&data.Page}); err != nil {
		return b, err
	}
	b.homeHTML, err = htmlPage(data)
	return b, err
}

// bareCommand runs this command as a bare handler of the small page. It is a process
// of its own, so that its CPU time can be measured.
const bareCommand = "bare"

// serveBare serves the small page at addr.
func serveBare(addr string) error {
	store := memory.New(time.Now)
	defer func() { _ = store.Close() }()
	return withPages(context.Background(), store, func(_ *application, _ []string, bare barePages) error {
		server := &http.Server{Addr: addr, Handler: bare.signOut, ReadHeaderTimeout: patience}
		return server.ListenAndServe()
	})
}

// chrome returns the header of a page, as the application renders it for user.
func chrome(path string, user domain.User) templates.Chrome {
	c := templates.Chrome{SignedIn: true, Name: user.Name, Current: path, Nav: []templates.Link{{Text: "nav.home", URL: "/"}}}
	for _, p := range webhttp.Pages() {
		if p.Nav != "" && (p.Role == "" || user.HasRole(p.Role)) {
			c.Nav = append(c.Nav, templates.Link{Text: p.Nav, URL: p.Path})
		}
	}
	return c
}

func templPage(p *templates.Pages, path string, user domain.User, v templates.View) http.Handler {
	c := chrome(path, user)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := p.Write(w, r, http.StatusOK, c, v); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
}

// htmlHome has the values of home.html.
type htmlHome struct {
	*templates.Page
	Home    templates.Home
	Moments []htmlMoment // start, idle limit and end of the session
}

type htmlMoment struct {
	At             time.Time
	Date, Distance string
}

// constants matches the parts of home.html that are the same in each English page.
var constants = regexp.MustCompile(`{{\$?\.(Text|URL|Static) "([^"]+)"}}`)

// htmlPage returns the handler of home.html. The constants are put into the template
// before it is parsed, as in a page that is written for one language.
func htmlPage(data htmlHome) (http.Handler, error) {
	text := constants.ReplaceAllStringFunc(homeHTML, func(call string) string {
		switch match := constants.FindStringSubmatch(call); match[1] {
		case "URL":
			return data.URL(match[2])
		case "Static":
			return data.Static(match[2])
		default:
			return template.HTMLEscapeString(data.Text(templates.Message(match[2])))
		}
	})
	t, err := template.New("home").Funcs(template.FuncMap{
		"breakable": func(name string) template.HTML {
			return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(name), "_", "_<wbr>"))
		},
	}).Parse(text)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var page bytes.Buffer
		if err := t.Execute(&page, data); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
		_, _ = w.Write(page.Bytes())
	}), err
}

// pageKeeper is a view that keeps the page in which it is rendered.
type pageKeeper struct{ page **templates.Page }

func (k pageKeeper) Title(p *templates.Page) string { *k.page = p; return "" }

func (k pageKeeper) Main(*templates.Page) templ.Component { return templ.NopComponent }
