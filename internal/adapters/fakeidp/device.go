package fakeidp

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	grantDeviceCode    = "urn:ietf:params:oauth:grant-type:device_code"
	grantDeviceCodeOld = "device_code" // sent by Microsoft's library for Node
	pathDeviceLogin    = "/devicelogin"

	deviceCodeLifetime = 15 * time.Minute
	deviceCodeInterval = 5 * time.Second
	// userCodeLetters has no vowels and no letters that look like digits.
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength  = 9
)

// deviceSignIn is a sign-in on a device without a browser (RFC 8628). The person
// completes it in a browser elsewhere.
type deviceSignIn struct {
	req      authRequest
	userCode string
	expires  time.Time
	grant    *grant // nil until the person has signed in
	declined bool
}

// serveDeviceCode serves the device authorization endpoint (RFC 8628, section 3.1).
// A client does not authenticate there.
func (p *Provider) serveDeviceCode(w http.ResponseWriter, r *http.Request) {
	req, refused := p.readDeviceRequest(r.PathValue("tenant"), r.PostForm)
	if refused != nil {
		p.writeError(w, r, refused)
		return
	}
	value, userCode := newToken("1.AD", codeLength), newUserCode()
	p.mu.Lock()
	d := &deviceSignIn{req: req, userCode: userCode, expires: p.now().Add(deviceCodeLifetime)}
	p.devices.put(fingerprint(value), d)
	p.mu.Unlock()
	page := p.base() + pathDeviceLogin
	writeJSON(w, http.StatusOK, map[string]any{
		"user_code":        userCode,
		"device_code":      value,
		"verification_uri": page,
		"expires_in":       int(deviceCodeLifetime / time.Second),
		"interval":         int(deviceCodeInterval / time.Second),
		"message":          "To sign in, use a web browser to open the page " + page + " and enter the code " + userCode + " to authenticate.",
	})
}

func (p *Provider) readDeviceRequest(segment string, form url.Values) (authRequest, *Error) {
	at, refused := p.authority(segment)
	if refused != nil {
		return authRequest{}, refused
	}
	req := authRequest{at: at, maxAge: -1, claims: form.Get("claims")}
	id := form.Get("client_id")
	if id == "" {
		return req, missing("client_id")
	}
	req.client = p.client(id)
	if refused = checkClientTenant(req.client, id, at); refused == nil {
		refused = req.readSingle(form)
	}
	if req.scopes = strings.Fields(form.Get("scope")); refused == nil && len(req.scopes) == 0 {
		refused = missing("scope")
	}
	return req, refused
}

func newUserCode() string {
	code := randomBytes(userCodeLength)
	for i, b := range code {
		code[i] = userCodeLetters[int(b)%len(userCodeLetters)]
	}
	return string(code)
}

// serveDeviceLogin serves the page where the person enters the user code, and the
// account picker after it (RFC 8628, section 3.3).
func (p *Provider) serveDeviceLogin(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		p.showDevice(w, http.StatusOK, devicePage{})
		return
	}
	d := p.device(r.PostForm.Get("user_code"))
	if d == nil {
		p.showDevice(w, http.StatusBadRequest, devicePage{Wrong: true})
		return
	}
	if r.PostForm.Has("cancel") {
		p.mu.Lock()
		d.declined = true
		p.mu.Unlock()
		p.showDevice(w, http.StatusOK, devicePage{Client: d.req.clientName(), Declined: true})
		return
	}
	if !r.PostForm.Has("account") {
		p.showAccounts(w, d.req, pickerPage{Action: pathDeviceLogin, UserCode: d.userCode}, policy{})
		return
	}
	account, place, refused := p.choose(d.req, r.PostForm.Get("account"))
	if refused != nil {
		p.showError(w, r, refused, http.StatusBadRequest)
		return
	}
	p.consent(d.req, account)
	who := p.signIn(p.openBrowser(w, r), account, place, d.req)
	p.mu.Lock()
	who.clients[d.req.client.ID] = true
	d.grant = newGrant(d.req, who)
	d.grant.device = true
	p.mu.Unlock()
	p.showDevice(w, http.StatusOK, devicePage{Client: d.req.clientName()})
}

func (p *Provider) showDevice(w http.ResponseWriter, status int, page devicePage) {
	p.show(w, status, "Sign in on another device", page.main(), policy{})
}

// device returns the sign-in that waits for the person with this user code, or nil.
func (p *Provider) device(userCode string) *deviceSignIn {
	userCode = strings.ToUpper(strings.TrimSpace(userCode))
	p.mu.Lock()
	defer p.mu.Unlock()
	var found *deviceSignIn
	p.devices.each(func(d *deviceSignIn) bool {
		if d.userCode == userCode && d.grant == nil && !d.declined && d.expires.After(p.now()) {
			found = d
		}
		return found == nil
	})
	return found
}

// redeemDeviceCode returns the grant of a device code (RFC 8628, section 3.4). The
// errors are Entra's, which differ from those of section 3.5.
func (p *Provider) redeemDeviceCode(r *http.Request, at authority, client *Client) (*grant, []string, *Error) {
	value := r.PostForm.Get("device_code")
	if value == "" {
		return nil, nil, missing("device_code")
	}
	p.mu.Lock()
	d, ok := p.devices.get(fingerprint(value))
	switch {
	case !ok || d.req.client.ID != client.ID:
		p.mu.Unlock()
		return nil, nil, newError(70018, "Invalid verification code due to user typing in wrong user code for device code flow.").withCode("bad_verification_code")
	case d.declined:
		p.mu.Unlock()
		return nil, nil, newError(65004, "User declined to consent to access the app.").withCode("authorization_declined")
	case !d.expires.After(p.now()):
		p.mu.Unlock()
		return nil, nil, newError(70020, "The provided value for the input parameter 'device_code' is not valid. This device code has expired.").withCode("expired_token")
	case d.grant == nil:
		p.mu.Unlock()
		return nil, nil, newError(70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.").withCode("authorization_pending")
	case at.tenant != nil && at.tenant.ID != d.grant.place.TenantID:
		p.mu.Unlock()
		return nil, nil, newError(700005, "Provided device code is intended to use against other tenant, thus rejected.")
	}
	p.devices.delete(fingerprint(value))
	p.mu.Unlock()
	scopes, refused := p.tokenScopes(client, d.grant, strings.Fields(r.PostForm.Get("scope")))
	return d.grant, scopes, refused
}

// publicFlow reports whether a client may send this token request without its
// credential: as at Entra with "Allow public client flows", for a device code and
// for a refresh token that comes from one.
func (p *Provider) publicFlow(form url.Values) bool {
	switch form.Get("grant_type") {
	case grantDeviceCode, grantDeviceCodeOld:
		return true
	case "refresh_token":
		p.mu.Lock()
		defer p.mu.Unlock()
		issued, ok := p.refresh.get(fingerprint(form.Get("refresh_token")))
		return ok && issued.device
	}
	return false
}
