package fakeidp

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// serveUserInfo serves the UserInfo endpoint (OpenID Connect Core 1.0, section
// 5.3).
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
	writeJSON(w, http.StatusOK, document)
}

// MutateUserInfo makes f change the responses of the UserInfo endpoint before they
// are sent. username is the account's. nil removes f.
func (p *Provider) MutateUserInfo(f func(username string, document map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.userInfo = f
}

// bearer returns the access token of the request. If it is not valid, bearer
// writes an error (RFC 6750, section 3) and returns nil.
func (p *Provider) bearer(w http.ResponseWriter, r *http.Request) *accessGrant {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		p.refuseBearer(w, `Bearer realm=""`, "Access token is empty.")
		return nil
	}
	issued, demanded, why := p.findAccessToken(token)
	switch {
	case why != "":
		p.refuseBearer(w, `Bearer realm="", error="invalid_token", error_description="`+why+`"`, why)
	case demanded != "" && !requests(issued.claims, demanded):
		p.challenge(w, demanded)
	case p.demandSignIn(w, issued):
		return issued
	}
	return nil
}

// findAccessToken returns an issued access token and the claims that Graph
// demands. why is not empty if the token is refused.
func (p *Provider) findAccessToken(token string) (issued *accessGrant, demanded, why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	issued, ok := p.access.get(fingerprint(token))
	switch {
	case !ok || issued.revoked:
		why = "Access token validation failure. Invalid token."
	case !issued.expires.After(p.now()):
		why = "Lifetime validation failed, the token is expired."
	case issued.resource != graphResource:
		why = "Access token validation failure. Invalid audience."
	}
	return issued, p.demanded, why
}

// challenge writes a claims challenge, as an API with conditional access does.
func (p *Provider) challenge(w http.ResponseWriter, claims string) {
	encoded := base64.StdEncoding.EncodeToString([]byte(claims))
	p.refuseBearer(w, `Bearer realm="", authorization_uri="`+p.base()+`/common/oauth2/v2.0/authorize", error="insufficient_claims", claims="`+encoded+`"`,
		"Continuous access evaluation resulted in challenge with result: InteractionRequired.")
}

func (p *Provider) refuseBearer(w http.ResponseWriter, challenge, why string) {
	w.Header().Set("WWW-Authenticate", challenge)
	p.graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", why)
}

// requests reports whether a claims parameter requests all demanded claims. It can
// have other members too, such as client capabilities.
func requests(claims, demanded string) bool {
	var have, want any
	if json.Unmarshal([]byte(claims), &have) != nil || json.Unmarshal([]byte(demanded), &want) != nil {
		return false
	}
	return includes(have, want)
}

// includes reports whether have has all members of want, at every depth.
func includes(have, want any) bool {
	members, ok := want.(map[string]any)
	if !ok {
		return reflect.DeepEqual(have, want)
	}
	inside, ok := have.(map[string]any)
	for name, value := range members {
		ok = ok && includes(inside[name], value)
	}
	return ok
}

// DemandClaims makes the Graph endpoints respond with a claims challenge (401
// insufficient_claims) unless the access token comes from a sign-in whose claims
// parameter requested these claims, a JSON object. "" stops that.
func (p *Provider) DemandClaims(claims string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.demanded = claims
}

// RevokeAccessTokens revokes all access tokens.
func (p *Provider) RevokeAccessTokens() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.access = newBounded[*accessGrant](maxTokens)
}

// graphError writes an error in the form of Microsoft Graph.
func (p *Provider) graphError(w http.ResponseWriter, status int, code, message string) {
	id := guid()
	w.Header().Set("request-id", id)
	writeJSON(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]any{"date": p.now().UTC().Format("2006-01-02T15:04:05"), "request-id": id, "client-request-id": id},
	}})
}
