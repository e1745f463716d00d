package fakeidp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// serveAdminConsent serves the page where an administrator consents for a whole tenant.
// The redirect after it has admin_consent and the tenant, or an error. It never has a
// code.
func (p *Provider) serveAdminConsent(w http.ResponseWriter, r *http.Request) {
	req, refused := p.readAdminConsent(r.PathValue("tenant"), r.URL.Query())
	switch {
	case refused != nil:
		p.refuseAdminConsent(w, r, req, refused)
	case r.Method != http.MethodPost:
		p.showAdminConsent(w, req)
	case r.PostForm.Has("cancel"):
		p.refuseAdminConsent(w, r, req, declined())
	default:
		p.acceptForTenant(w, r, req)
	}
}

// readAdminConsent checks a request for an administrator's consent. It refuses common and
// consumers, because personal accounts cannot consent for an organization.
func (p *Provider) readAdminConsent(segment string, form url.Values) (authRequest, *Error) {
	req := authRequest{raw: form, correlation: guidOnly(form.Get("client-request-id"))}
	var err *Error
	if req.at, err = p.authority(segment); err != nil {
		return req, err
	}
	if req.at.segment == aliasCommon || req.at.tenant != nil && req.at.tenant.ID == ConsumersTenantID {
		return req, newError(90014, "The tenant '%s' cannot consent: use a tenant ID, or organizations.", clip(segment))
	}
	if err = req.readClient(p.client, form); err == nil {
		err = req.readSingle(form)
	}
	if err == nil {
		err = req.readScopes(form)
	}
	req.formPost = false
	return req, err
}

// refuseAdminConsent redirects to the client with an error, or shows it if the redirect
// URI is not trusted.
func (p *Provider) refuseAdminConsent(w http.ResponseWriter, r *http.Request, req authRequest, err *Error) {
	if req.redirectURI == "" {
		p.showError(w, r, err, http.StatusBadRequest)
		return
	}
	response := p.errorResponse(req, err)
	response.Values.Set("admin_consent", "True")
	p.send(w, r, response)
}

func (p *Provider) acceptForTenant(w http.ResponseWriter, r *http.Request, req authRequest) {
	i := slices.IndexFunc(p.administrators(req), func(a *Account) bool { return a.Username == r.PostForm.Get("account") })
	if i < 0 {
		p.refuseAdminConsent(w, r, req, newError(90094, "The grant requires administrator permission."))
		return
	}
	tenant := p.administrators(req)[i].Home.TenantID
	p.mu.Lock()
	for _, scope := range req.scopes {
		if len(p.consents) < maxConsents {
			p.consents[tenantConsentKey(req.client, tenant, scope)] = true
		}
	}
	p.mu.Unlock()
	values := url.Values{"admin_consent": {"True"}, "tenant": {tenant}, "scope": {strings.Join(req.scopes, " ")}}
	if req.state != "" {
		values.Set("state", req.state)
	}
	p.send(w, r, AuthResponse{RedirectURI: req.redirectURI, Values: values})
}

// administrators returns the accounts that can consent: those with the app role Admin in
// their home tenant.
func (p *Provider) administrators(req authRequest) []*Account {
	return slices.DeleteFunc(p.eligible(req), func(a *Account) bool {
		return !req.at.accepts(a.Home.TenantID) || !slices.Contains(a.Home.Roles, "Admin")
	})
}

func tenantConsentKey(client *Client, tenantID, scope string) string {
	return client.ID + "\x00\x00" + tenantID + "\x00" + scope
}

type adminConsentPage struct {
	Action string
	Client string
	Host   string
	Scopes []string
	Admins []*Account
}

func (p *Provider) showAdminConsent(w http.ResponseWriter, req authRequest) {
	page := adminConsentPage{
		Action: "/" + url.PathEscape(req.at.segment) + pathAdminConsent + "?" + req.raw.Encode(),
		Client: req.clientName(), Host: host(req.redirectURI), Scopes: req.scopes, Admins: p.administrators(req),
	}
	p.show(w, http.StatusOK, "Permissions requested", page.main(), policy{formTo: []string{origin(req.redirectURI)}})
}
