package fakeidp

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

type pickerPage struct {
	Action   string
	UserCode string // of a device, or empty
	Client   string
	Host     string // of the redirect URI
	Tenant   string
	Accounts []pickerAccount
	// Reset asks for the account whose password is forgotten.
	Reset bool
	// Forgot and SignUp add a button each.
	Forgot, SignUp bool
}

type pickerAccount struct {
	Name, Initial, Username, Description string
	Suggested                            bool
}

func (p *Provider) showPicker(w http.ResponseWriter, req authRequest) {
	// Browsers apply form-action to the redirect after the form too.
	p.showAccounts(w, req, pickerPage{Action: pickAction(req), Host: host(req.redirectURI)}, policy{formTo: []string{origin(req.redirectURI)}})
}

// showAccounts writes the account picker.
func (p *Provider) showAccounts(w http.ResponseWriter, req authRequest, page pickerPage, allow policy) {
	page.Client, page.Tenant = req.clientName(), req.at.name()
	page.Reset, page.Forgot = req.at.does(FlowResetPassword), req.at.does(FlowSignUpSignIn)
	page.SignUp = p.signsUp(req.at) && req.at.tenant != nil && page.UserCode == ""
	for _, account := range p.eligible(req) {
		page.Accounts = append(page.Accounts, pickerAccount{
			Name: p.nameOf(account), Initial: initials(account), Username: account.Username,
			Description: account.Description, Suggested: account.hinted(req),
		})
	}
	p.show(w, http.StatusOK, "Pick an account", page.main(), allow)
}

// devicePage asks for a user code. With Client it says how that sign-in ended.
type devicePage struct {
	Client   string
	Declined bool
	Wrong    bool // the user code does not exist
}

type consentPage struct {
	Action   string
	Client   string
	Host     string
	Name     string
	Username string
	Scopes   []string
}

func (p *Provider) showConsent(w http.ResponseWriter, req authRequest, account *Account, asked []string) {
	if len(asked) == 0 {
		asked = req.scopes
	}
	page := consentPage{
		Action: pickAction(req), Client: req.clientName(), Host: host(req.redirectURI),
		Name: account.Name, Username: account.Username, Scopes: asked,
	}
	p.show(w, http.StatusOK, "Permissions requested", page.main(), policy{formTo: []string{origin(req.redirectURI)}})
}

type errorPage struct{ report }

// showError writes the error page.
func (p *Provider) showError(w http.ResponseWriter, r *http.Request, err *Error, status int) {
	page := errorPage{report: p.report(err, correlationID(r))}
	p.show(w, status, "Sign-in problem", page.main(), policy{})
}

// serveErrorHelp serves the page of error_uri.
func (p *Provider) serveErrorHelp(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.URL.Query().Get("code"))
	if err != nil || number <= 0 {
		p.serveNotFound(w, r)
		return
	}
	p.show(w, http.StatusOK, "Error "+strconv.Itoa(number), helpPage{Number: number, Code: usualCode(number)}.main(), policy{})
}

type helpPage struct {
	Number int
	Code   string
}

func (p *Provider) serveNotFound(w http.ResponseWriter, _ *http.Request) {
	p.show(w, http.StatusNotFound, "Page not found", notFoundPage(), policy{})
}

type signedOutPage struct {
	Frames []string
	Back   string
	Host   string
}

// showSignedOut writes the page after sign-out. It loads the front-channel logout
// URLs in hidden frames. Three seconds later the browser goes to back, if that is
// set.
func (p *Provider) showSignedOut(w http.ResponseWriter, frames []string, back string) {
	allow := policy{}
	for _, frame := range frames {
		allow.frames = append(allow.frames, origin(frame))
	}
	if back != "" {
		w.Header().Set("Refresh", "3; url="+back)
	}
	p.show(w, http.StatusOK, "You signed out", signedOutPage{Frames: frames, Back: back, Host: host(back)}.main(), allow)
}

type formPostPage struct {
	Action string
	Values url.Values
}

// showFormPost writes the authorization response of response_mode form_post
// (OAuth 2.0 Form Post Response Mode).
func (p *Provider) showFormPost(w http.ResponseWriter, a AuthResponse) {
	p.show(w, http.StatusOK, "Back to the application", formPostPage{Action: a.RedirectURI, Values: a.Values}.main(),
		policy{formTo: []string{origin(a.RedirectURI)}, scripts: autoSubmitSource()})
}

type frontPage struct {
	Tenants []Tenant
	Base    string
}

func (p *Provider) serveFrontPage(w http.ResponseWriter, _ *http.Request) {
	p.show(w, http.StatusOK, "A fake OpenID Provider",
		frontPage{Tenants: p.config.Tenants, Base: p.base()}.main(), policy{})
}

func pickAction(req authRequest) string {
	tenant, flow, _ := strings.Cut(req.at.segment, "/")
	path := "/" + url.PathEscape(tenant)
	if flow != "" {
		path += "/" + url.PathEscape(flow)
	}
	return path + "/login?" + req.raw.Encode()
}

func (req authRequest) clientName() string { return cmp.Or(req.client.Name, req.client.ID) }

func (a authority) name() string {
	if a.tenant == nil {
		return ""
	}
	return cmp.Or(a.tenant.Name, a.tenant.Domain)
}

func host(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return u.Host
}

// initials returns the initials of the account's name, shown in place of a picture.
func initials(a *Account) string {
	letters := ""
	for _, name := range []string{cmp.Or(a.GivenName, a.Name), a.Surname} {
		if first, size := utf8.DecodeRuneInString(name); size > 0 {
			letters += string(first)
		}
	}
	return letters
}
