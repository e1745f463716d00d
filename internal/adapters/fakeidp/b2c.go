package fakeidp

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// UserFlow is a user flow (policy) of a tenant of Azure AD B2C. Its authority is
// Authority(tenant) + "/" + Name. Real B2C was not at hand: the flows follow Microsoft's
// documentation and public reports.
type UserFlow struct {
	Name string // such as B2C_1_signupsignin1
	Does FlowKind
	// NamesPolicy puts the name into the issuer: BASE/tfp/TENANT/NAME/v2.0/ in place of
	// BASE/TENANT/v2.0/.
	NamesPolicy bool
	// PolicyClaim is the claim with the name, tfp (the default) or acr.
	PolicyClaim string
}

// FlowKind is what a person does in a UserFlow.
type FlowKind int

// The kinds of user flows.
const (
	FlowSignUpSignIn FlowKind = iota
	FlowEditProfile
	FlowResetPassword
)

// DefaultUserFlows returns the three flows of Microsoft's samples.
func DefaultUserFlows() []UserFlow {
	return []UserFlow{
		{Name: "B2C_1_signupsignin1", Does: FlowSignUpSignIn},
		{Name: "B2C_1_profileediting1", Does: FlowEditProfile},
		{Name: "B2C_1_passwordreset1", Does: FlowResetPassword},
	}
}

// userFlow returns the tenant's flow with this name, or nil. B2C ignores letter case.
func (t *Tenant) userFlow(name string) *UserFlow {
	i := slices.IndexFunc(t.UserFlows, func(f UserFlow) bool { return strings.EqualFold(f.Name, name) })
	if i < 0 {
		return nil
	}
	return &t.UserFlows[i]
}

// does reports whether the authority is a user flow of this kind.
func (a authority) does(kind FlowKind) bool { return a.flow != nil && a.flow.Does == kind }

// signsUp reports whether a person can register an account.
func (p *Provider) signsUp(at authority) bool {
	return at.does(FlowSignUpSignIn) || at.flow == nil && p.config.SignUp
}

// flowIssuer returns the issuer of a user flow's tokens. B2C writes policies in small
// letters there.
func (p *Provider) flowIssuer(at authority) string {
	if at.flow.NamesPolicy {
		return p.base() + "/tfp/" + at.tenant.ID + "/" + strings.ToLower(at.flow.Name) + "/v2.0/"
	}
	return p.base() + "/" + at.tenant.ID + "/v2.0/"
}

// flowMetadata returns the metadata of a user flow.
func (p *Provider) flowMetadata(at authority) map[string]any {
	under := p.base() + "/" + at.segment
	document := map[string]any{
		"issuer":                                p.flowIssuer(at),
		"authorization_endpoint":                under + "/oauth2/v2.0/authorize",
		"token_endpoint":                        under + "/oauth2/v2.0/token",
		"end_session_endpoint":                  under + "/oauth2/v2.0/logout",
		"jwks_uri":                              under + "/discovery/v2.0/keys",
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"response_types_supported":              []string{"code", "id_token", "code id_token"},
		"scopes_supported":                      []string{"openid"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{methodPost, methodBasic},
		"claims_supported":                      []string{"name", "emails", "idp", "tfp", "sub", "iss", "iat", "exp", "aud", "acr", "nonce", "auth_time"},
	}
	if p.config.PushedRequests {
		document["pushed_authorization_request_endpoint"] = under + "/oauth2/v2.0/par"
	}
	return document
}

// flowClaims returns the claims of a user flow's ID token. It has neither tid nor
// preferred_username.
func (p *Provider) flowClaims(g *grant) map[string]any {
	now, policy := p.now(), g.at.flow.PolicyClaim
	if policy == "" {
		policy = "tfp"
	}
	return map[string]any{
		"aud":       g.client.ID,
		"iss":       p.flowIssuer(g.at),
		"iat":       unixTime(now),
		"nbf":       unixTime(now),
		"exp":       unixTime(now.Add(idTokenLifetime)),
		"sub":       g.place.ObjectID,
		"ver":       "1.0",
		"auth_time": unixTime(g.authTime),
		"name":      p.nameOf(g.account),
		"emails":    []string{g.account.Username},
		policy:      g.at.flow.Name,
	}
}

// withoutAccessToken removes the access token from a response of B2C to a request that
// names no API.
func withoutAccessToken(response map[string]any, scopes []string) {
	if slices.ContainsFunc(scopes, func(scope string) bool { return !isIdentityScope(scope) }) {
		return
	}
	for _, member := range []string{"access_token", "expires_in", "ext_expires_in"} {
		delete(response, member)
	}
}

// b2cError returns an error with a number of Azure AD B2C.
func b2cError(number int, text string) *Error {
	return &Error{Number: number, B2C: true, Code: codeAccessDenied, Text: text}
}

// cancelled returns the error for a person who cancels.
func cancelled(at authority) *Error {
	if at.flow == nil {
		return declined()
	}
	return b2cError(90091, "The user has cancelled entering self-asserted information.")
}

func passwordForgotten() *Error { return b2cError(90118, "The user has forgotten their password.") }

// checkFlow refuses a code or a refresh token of another user flow.
func checkFlow(g *grant, at authority) *Error {
	if g.at.flow == at.flow {
		return nil
	}
	return b2cError(90088, "The provided grant has not been issued for this endpoint.").withCode(codeInvalidGrant)
}

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

// register returns a new account of the authority's tenant. It exists in the sessions
// that begin with it only.
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

// signedOut returns a session that belongs to no browser: a new password signs nobody
// in at the provider.
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

// finishFlow responds after the person has chosen an account in a flow that does more, or
// something else, than sign in. It returns true if it has responded.
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

// profilePage asks for a display name: of a new account, or of a person's own.
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
