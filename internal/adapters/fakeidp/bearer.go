package fakeidp

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
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

// bearer returns what the request's access token stands for, or writes the
// refusal (RFC 6750, section 3).
func (p *Provider) bearer(w http.ResponseWriter, r *http.Request) *accessGrant {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		p.refuseBearer(w, `Bearer realm=""`, "Access token is empty.")
		return nil
	}
	issued, demanded, why := p.judgeBearer(token)
	switch {
	case why != "":
		p.refuseBearer(w, `Bearer realm="", error="invalid_token", error_description="`+why+`"`, why)
	case demanded != "" && !asksFor(issued.claims, demanded):
		challenge := base64.StdEncoding.EncodeToString([]byte(demanded))
		p.refuseBearer(w, `Bearer realm="", authorization_uri="`+p.base()+`/common/oauth2/v2.0/authorize", error="insufficient_claims", claims="`+challenge+`"`,
			"Continuous access evaluation resulted in challenge with result: InteractionRequired.")
	default:
		return issued
	}
	return nil
}

// judgeBearer finds an access token, or says why it is refused.
func (p *Provider) judgeBearer(token string) (issued *accessGrant, demanded, why string) {
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

func (p *Provider) refuseBearer(w http.ResponseWriter, challenge, why string) {
	w.Header().Set("WWW-Authenticate", challenge)
	p.graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", why)
}

// asksFor says whether a claims parameter holds all that is demanded; what it
// holds besides, such as client capabilities, does not count.
func asksFor(claims, demanded string) bool {
	var have, want any
	if json.Unmarshal([]byte(claims), &have) != nil || json.Unmarshal([]byte(demanded), &want) != nil {
		return false
	}
	return holds(have, want)
}

func holds(have, want any) bool {
	members, ok := want.(map[string]any)
	if !ok {
		return reflect.DeepEqual(have, want)
	}
	inside, ok := have.(map[string]any)
	for name, value := range members {
		ok = ok && holds(inside[name], value)
	}
	return ok
}

// DemandClaims makes the Graph-like API answer 401 insufficient_claims (a
// claims challenge) to every access token whose sign-in did not ask for these
// claims, a JSON object, in its claims parameter. Empty ends that.
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

// graphError answers in the form of Microsoft Graph.
func (p *Provider) graphError(w http.ResponseWriter, status int, code, message string) {
	id := p.guid()
	w.Header().Set("request-id", id)
	answerJSON(w, status, map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]any{"date": p.now().UTC().Format("2006-01-02T15:04:05"), "request-id": id, "client-request-id": id},
	}})
}
