package fakeidp

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// bearer answers what the request's access token stands for, or writes the
// refusal (RFC 6750, section 3).
func (p *Provider) bearer(w http.ResponseWriter, r *http.Request) *accessGrant {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		p.refuseBearer(w, "Access token is empty.", "")
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	issued, ok := p.access.get(fingerprint(token))
	switch {
	case !ok || issued.revoked:
		p.refuseBearer(w, "Access token validation failure. Invalid token.", "invalid_token")
	case !issued.expires.After(p.now()):
		p.refuseBearer(w, "Lifetime validation failed, the token is expired.", "invalid_token")
	case issued.resource != graphResource:
		p.refuseBearer(w, "Access token validation failure. Invalid audience.", "invalid_token")
	case p.demanded != "" && issued.claims != p.demanded:
		w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="`+p.baseURL+`/common/oauth2/authorize", error="insufficient_claims", claims="`+base64.StdEncoding.EncodeToString([]byte(p.demanded))+`"`)
		p.graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Continuous access evaluation resulted in challenge with result: InteractionRequired.")
	default:
		return issued
	}
	return nil
}

// DemandClaims makes the Graph-like API answer 401 insufficient_claims (a
// claims challenge) to every access token whose sign-in did not carry exactly
// this claims parameter, a JSON object. Empty ends that.
func (p *Provider) DemandClaims(claims string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.demanded = claims
}

// RevokeAccessTokens makes every access token issued so far worthless.
func (p *Provider) RevokeAccessTokens() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.access = newBounded[*accessGrant](maxTokens)
}

// refuseBearer is called with mu held or without: it touches no guarded state.
func (p *Provider) refuseBearer(w http.ResponseWriter, why, code string) {
	challenge := `Bearer realm=""`
	if code != "" {
		challenge += `, error="` + code + `", error_description="` + why + `"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	p.graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", why)
}

// graphError answers in the form of Microsoft Graph.
func (p *Provider) graphError(w http.ResponseWriter, status int, code, message string) {
	id := p.guid()
	w.Header().Set("request-id", id)
	answerJSON(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]any{"date": p.now().UTC().Format("2006-01-02T15:04:05"), "request-id": id, "client-request-id": id},
	}})
}

// person answers the access token of a person that carries one of scopes.
func (p *Provider) person(w http.ResponseWriter, r *http.Request, scopes ...string) *accessGrant {
	issued := p.bearer(w, r)
	if issued == nil {
		return nil
	}
	granted := slices.ContainsFunc(issued.scopes, func(scope string) bool {
		_, name := p.splitScope(scope)
		return name == defaultScope || slices.Contains(scopes, name)
	})
	switch {
	case issued.account == nil:
		p.graphError(w, http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated authentication flow.")
	case !granted:
		p.graphError(w, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	default:
		return issued
	}
	return nil
}

// serveMe is Microsoft Graph's GET /me.
func (p *Provider) serveMe(w http.ResponseWriter, r *http.Request) {
	issued := p.person(w, r, "User.Read", "User.ReadBasic.All", "User.Read.All")
	if issued == nil {
		return
	}
	account := issued.account
	answerJSON(w, http.StatusOK, map[string]any{
		"@odata.context":    p.base() + "/v1.0/$metadata#users/$entity",
		"id":                issued.place.ObjectID,
		"displayName":       account.Name,
		"givenName":         nullable(account.GivenName),
		"surname":           nullable(account.Surname),
		"jobTitle":          nullable(account.JobTitle),
		"mail":              account.Username,
		"userPrincipalName": account.Username,
		"businessPhones":    []string{},
		"mobilePhone":       nil,
		"officeLocation":    nil,
		"preferredLanguage": nil,
	})
}

// serveMemberGroups is Microsoft Graph's POST /me/getMemberObjects, with
// paging by @odata.nextLink, which may be followed by GET or POST.
func (p *Provider) serveMemberGroups(w http.ResponseWriter, r *http.Request) {
	issued := p.person(w, r, "User.Read", "User.ReadBasic.All", "Directory.Read.All", "GroupMember.Read.All")
	if issued == nil {
		return
	}
	from, err := strconv.Atoi(r.URL.Query().Get("$skiptoken"))
	if err != nil && r.URL.Query().Has("$skiptoken") || err != nil && r.Method == http.MethodGet {
		p.graphError(w, http.StatusBadRequest, "Request_BadRequest", "The request is not a page that this API has handed out.")
		return
	}
	groups := issued.place.Groups
	from = min(max(from, 0), len(groups))
	to := min(from+p.config.GroupPage, len(groups))
	page := map[string]any{
		"@odata.context": p.base() + "/v1.0/$metadata#Collection(Edm.String)",
		"value":          append([]string{}, groups[from:to]...),
	}
	if to < len(groups) {
		page["@odata.nextLink"] = p.base() + pathMemberGroups + "?$skiptoken=" + strconv.Itoa(to)
	}
	answerJSON(w, http.StatusOK, page)
}

// serveUserInfo is the UserInfo endpoint (OpenID Connect Core 1.0, section 5.3).
func (p *Provider) serveUserInfo(w http.ResponseWriter, r *http.Request) {
	issued := p.bearer(w, r)
	if issued == nil {
		return
	}
	if issued.account == nil || !slices.Contains(issued.grant.scopes, scopeOpenID) {
		p.graphError(w, http.StatusForbidden, "Authorization_RequestDenied", "The access token does not carry the scope openid.")
		return
	}
	document := map[string]any{"sub": subject(issued.client.ID, issued.place.TenantID, issued.place.ObjectID)}
	if slices.Contains(issued.grant.scopes, scopeProfile) {
		document["name"] = issued.account.Name
		document["given_name"] = issued.account.GivenName
		document["family_name"] = issued.account.Surname
	}
	if slices.Contains(issued.grant.scopes, scopeEmail) {
		document["email"] = issued.account.Username
	}
	answerJSON(w, http.StatusOK, document)
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}
