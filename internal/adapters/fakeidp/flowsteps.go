package fakeidp

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// maxName bounds the display name that a person enters, in characters.
const maxName = 100

// enteredName returns the display name of a form. It is empty if the form has none.
func enteredName(r *http.Request) string {
	name := strings.TrimSpace(r.PostForm.Get("name"))
	if utf8.RuneCountInString(name) > maxName {
		return ""
	}
	return name
}

// nameOf returns the account's display name, which the person may have edited.
func (p *Provider) nameOf(account *Account) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if edited, ok := p.names[account]; ok {
		return edited
	}
	return account.Name
}

// rename sets the account's display name.
func (p *Provider) rename(account *Account, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.names[account]; known || len(p.names) < maxConsents {
		p.names[account] = name
	}
}

// register returns a new account of the authority's tenant. The provider does not keep it:
// it exists only in the session that begins with it, so nobody can sign in with it again.
func register(at authority, name string) (*Account, place) {
	home := Membership{TenantID: at.tenant.ID, ObjectID: guid()}
	username := fmt.Sprintf("%s@new.example", home.ObjectID[:8])
	return &Account{Username: username, Name: name, Home: home}, place{Membership: home, home: home.TenantID}
}

// EditProfile acts as a person who opens the authorization URL of an edit flow, signs in
// and enters a display name.
func (p *Provider) EditProfile(authorizationURL, username, name string) (AuthResponse, error) {
	if account := p.account(username); account != nil {
		p.rename(account, name)
	}
	return p.Authorize(authorizationURL, username)
}

// ForgetPassword acts as a person who opens an authorization URL of B2C and chooses
// "Forgot your password?".
func (p *Provider) ForgetPassword(authorizationURL string) (AuthResponse, error) {
	req, refused, err := p.open(authorizationURL)
	if err != nil {
		return AuthResponse{}, err
	}
	if refused == nil {
		refused = passwordForgotten()
	}
	return p.refusal(req, refused)
}

// signedOut returns a session that belongs to no browser, because a new password signs
// nobody in at the provider.
func (p *Provider) signedOut(account *Account, where place) *signedIn {
	return &signedIn{account: account, place: where, sid: guid(), authTime: p.now(), clients: make(map[string]bool)}
}

// serveFlowStep handles the buttons of B2C's pages and of the registration. It returns
// true if it has responded.
func (p *Provider) serveFlowStep(w http.ResponseWriter, r *http.Request, req authRequest) bool {
	form := r.PostForm
	switch {
	case form.Has("forgot") && req.at.does(FlowSignUpSignIn):
		p.refuse(w, r, req, passwordForgotten())
	case form.Has("register") && p.signsUp(req.at) && req.at.tenant != nil:
		name := enteredName(r)
		if name == "" {
			p.showProfile(w, req, nil)
			return true
		}
		account, where := register(req.at, name)
		p.send(w, r, p.authResponse(req, p.signIn(p.openBrowser(w, r), account, where, req)))
	default:
		return false
	}
	return true
}

// finishFlow does what a user flow does after the person has chosen an account: it sets a
// new password or edits the profile. It returns true if it has responded. Otherwise the
// caller signs the person in.
func (p *Provider) finishFlow(w http.ResponseWriter, r *http.Request, req authRequest, account *Account, where place) bool {
	switch {
	case req.at.does(FlowResetPassword):
		p.send(w, r, p.authResponse(req, p.signedOut(account, where)))
	case req.at.does(FlowEditProfile) && enteredName(r) == "":
		p.showProfile(w, req, account)
	case req.at.does(FlowEditProfile):
		p.rename(account, enteredName(r))
		return false
	default:
		return false
	}
	return true
}

// profilePage asks for the display name of a new account, or of the account that signs
// in.
type profilePage struct {
	Action   string
	Client   string
	Host     string
	Username string // empty for a new account
	Name     string
}

func (p *Provider) showProfile(w http.ResponseWriter, req authRequest, account *Account) {
	page := profilePage{Action: pickAction(req), Client: req.clientName(), Host: host(req.redirectURI)}
	title := "Create an account"
	if account != nil {
		page.Username, page.Name, title = account.Username, p.nameOf(account), "Edit your profile"
	}
	p.show(w, http.StatusOK, title, page.main(), policy{formTo: []string{origin(req.redirectURI)}})
}
