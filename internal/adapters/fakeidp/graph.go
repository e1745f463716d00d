package fakeidp

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

// delegated returns the access token of the request if it is a person's and has
// one of scopes. Otherwise it writes an error and returns nil.
func (p *Provider) delegated(w http.ResponseWriter, r *http.Request, scopes ...string) *accessGrant {
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

// serveMe serves GET /me of Microsoft Graph.
func (p *Provider) serveMe(w http.ResponseWriter, r *http.Request) {
	issued := p.delegated(w, r, "User.Read", "User.ReadBasic.All", "User.Read.All")
	if issued == nil {
		return
	}
	account := issued.account
	writeJSON(w, http.StatusOK, map[string]any{
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

// groupPage is the number of groups on a page of getMemberObjects.
const groupPage = 100

// serveMemberGroups serves POST /me/getMemberObjects of Microsoft Graph. Clients
// can follow @odata.nextLink to the next page by GET or POST.
func (p *Provider) serveMemberGroups(w http.ResponseWriter, r *http.Request) {
	issued := p.delegated(w, r, "User.Read", "User.ReadBasic.All", "Directory.Read.All", "GroupMember.Read.All")
	if issued == nil {
		return
	}
	if r.Method == http.MethodPost && !hasMemberQuery(r) {
		p.graphError(w, http.StatusBadRequest, "Request_BadRequest", "The body must be JSON with the boolean securityEnabledOnly.")
		return
	}
	from, err := strconv.Atoi(r.URL.Query().Get("$skiptoken"))
	if err != nil && r.URL.Query().Has("$skiptoken") || err != nil && r.Method == http.MethodGet {
		p.graphError(w, http.StatusBadRequest, "Request_BadRequest", "The request is not a page that this API has handed out.")
		return
	}
	groups := issued.place.Groups
	from = min(max(from, 0), len(groups))
	to := min(from+groupPage, len(groups))
	page := map[string]any{
		"@odata.context": p.base() + "/v1.0/$metadata#Collection(Edm.String)",
		"value":          append([]string{}, groups[from:to]...),
	}
	if to < len(groups) {
		page["@odata.nextLink"] = p.base() + pathMemberGroups + "?$skiptoken=" + strconv.Itoa(to)
	}
	writeJSON(w, http.StatusOK, page)
}

// hasMemberQuery reports whether the body is a valid one of getMemberObjects.
func hasMemberQuery(r *http.Request) bool {
	var query struct {
		SecurityEnabledOnly *bool `json:"securityEnabledOnly"`
	}
	return json.NewDecoder(r.Body).Decode(&query) == nil && query.SecurityEnabledOnly != nil
}

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}
