package fakeidp

import (
	"net/http"
	"slices"
)

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
	p.mu.Lock()
	change := p.userInfo
	p.mu.Unlock()
	if change != nil {
		change(issued.account.Username, document)
	}
	answerJSON(w, http.StatusOK, document)
}

// MutateUserInfo lets f change each answer of the UserInfo endpoint before it is
// sent; username is the account's. nil takes the last f away.
func (p *Provider) MutateUserInfo(f func(username string, document map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.userInfo = f
}
