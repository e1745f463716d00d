package fakeidp

import (
	"net/http"
	"net/url"
)

// serveAuthorize serves the authorization endpoint (RFC 6749, section 3.1).
func (p *Provider) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	req, refused := p.openAuthRequest(r.PathValue("tenant"), r.Form)
	if refused != nil {
		p.refuse(w, r, req, refused)
		return
	}
	who, refused := p.signInSilently(req, p.browserOf(r))
	switch {
	case refused != nil:
		p.refuse(w, r, req, refused)
	case req.asks(promptCreate) && req.at.tenant != nil:
		p.showProfile(w, req, nil)
	case who == nil:
		p.showPicker(w, req)
	case req.at.does(FlowEditProfile):
		p.showProfile(w, req, who.account)
	default:
		p.send(w, r, p.authResponse(req, who))
	}
}

// servePick handles the forms of the account picker, the consent page and the pages of a
// user flow. The query is the authorization request, which is checked again.
func (p *Provider) servePick(w http.ResponseWriter, r *http.Request) {
	req, refused := p.readAuthRequest(r.PathValue("tenant"), r.URL.Query())
	if refused != nil {
		p.refuse(w, r, req, refused)
		return
	}
	if r.PostForm.Has("cancel") {
		p.refuse(w, r, req, cancelled(req.at))
		return
	}
	if p.serveFlowStep(w, r, req) {
		return
	}
	account, place, refused := p.choose(req, r.PostForm.Get("account"))
	if refused != nil {
		p.refuse(w, r, req, refused)
		return
	}
	asked := p.lackingConsent(req.client, account, place.TenantID, req.scopes)
	if len(asked) > 0 && !r.PostForm.Has("accept") || req.asks("consent") && !r.PostForm.Has("accept") {
		p.showConsent(w, req, account, asked)
		return
	}
	p.consent(req, account)
	if p.finishFlow(w, r, req, account, place) {
		return
	}
	b := p.openBrowser(w, r)
	p.send(w, r, p.authResponse(req, p.signIn(b, account, place, req)))
}

// declined returns the error for a person who cancels.
func declined() *Error {
	return &Error{Number: 65004, Code: codeAccessDenied, Subcode: "cancel", Text: "User declined to consent to access the app."}
}

// signInSilently returns the session with which the provider can respond without
// showing a page. It returns nil if the person has to choose, and an error if
// prompt=none forbids that.
func (p *Provider) signInSilently(req authRequest, b *browser) (*signedIn, *Error) {
	if req.asks("login") || req.asks("select_account") || req.asks("consent") || req.asks(promptCreate) || req.at.does(FlowResetPassword) {
		return nil, nil
	}
	who, several := p.signedInFor(req, b)
	quiet := req.asks("none")
	switch {
	case who == nil && !quiet:
		return nil, nil
	case who == nil && several:
		return nil, newError(16000, "Interaction required: several accounts are signed in, and the request names none of them.")
	case who == nil:
		return nil, newError(50058, "A silent sign-in request was sent but no user is signed in.")
	}
	stale := req.maxAge == 0 || req.maxAge > 0 && p.now().Sub(who.authTime) > req.maxAge
	unsatisfied := !who.satisfies(req.idTokenClaims.contexts())
	unconsented := len(p.lackingConsent(req.client, who.account, who.place.TenantID, req.scopes)) > 0
	switch {
	case (stale || unsatisfied || unconsented) && !quiet:
		return nil, nil
	case stale:
		return nil, newError(50058, "A silent sign-in request was sent but the sign-in is older than max_age.")
	case unsatisfied:
		return nil, newError(50076, "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access this resource.")
	case unconsented:
		return nil, newError(65001, "The user or administrator has not consented to use the application with ID '%s' named '%s'. Send an interactive authorization request for this user and resource.", req.client.ID, req.client.Name)
	}
	return who, nil
}

// AuthResponse is an authorization response (RFC 6749, section 4.1.2).
type AuthResponse struct {
	RedirectURI string
	FormPost    bool // response_mode form_post
	Values      url.Values
}

// URL returns the callback URL of response_mode query. For form_post, post Values
// to RedirectURI instead.
func (a AuthResponse) URL() string {
	u, err := url.Parse(a.RedirectURI)
	if err != nil {
		return a.RedirectURI
	}
	query := u.Query()
	for name, values := range a.Values {
		query[name] = values
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func (p *Provider) send(w http.ResponseWriter, r *http.Request, a AuthResponse) {
	if a.FormPost {
		p.showFormPost(w, a)
		return
	}
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	w.Header().Set("Location", a.URL())
	w.WriteHeader(status)
}

// refuse redirects to the client with an error. It shows an error page instead if
// the redirect URI is not trusted or the error demands a page.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, req authRequest, err *Error) {
	if req.redirectURI == "" || err.OnPage {
		p.showError(w, r, err, http.StatusBadRequest)
		return
	}
	p.send(w, r, p.errorResponse(req, err))
}

func (p *Provider) errorResponse(req authRequest, err *Error) AuthResponse {
	report := p.report(err, req.correlation)
	values := url.Values{
		"error":             {err.code()},
		"error_description": {report.Description()},
		"error_uri":         {report.ErrorURI},
	}
	if err.Subcode != "" {
		values.Set("error_subcode", err.Subcode)
	}
	if req.state != "" {
		values.Set("state", req.state)
	}
	return AuthResponse{RedirectURI: req.redirectURI, FormPost: req.formPost, Values: values}
}
