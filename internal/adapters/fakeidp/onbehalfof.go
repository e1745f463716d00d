package fakeidp

import (
	"net/http"
	"strings"
)

const grantOnBehalfOf = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// redeemAssertion returns a grant for the person whose access token an API presents
// (Entra's on-behalf-of flow, a use of RFC 7523, section 2.1). The token must be for
// that API.
func (p *Provider) redeemAssertion(r *http.Request, at authority, client *Client) (*grant, []string, *Error) {
	form := r.PostForm
	scopes := strings.Fields(form.Get("scope"))
	switch {
	case form.Get("requested_token_use") != "on_behalf_of":
		return nil, nil, missing("requested_token_use")
	case form.Get("assertion") == "":
		return nil, nil, missing("assertion")
	case len(scopes) == 0:
		return nil, nil, missing("scope")
	case client.public():
		return nil, nil, newError(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	}
	p.mu.Lock()
	presented, ok := p.access.get(fingerprint(form.Get("assertion")))
	revoked := ok && presented.revoked
	p.mu.Unlock()
	switch {
	case !ok || revoked:
		return nil, nil, newError(50013, "Assertion failed signature validation. [Reason - The key was not found.]")
	case !presented.expires.After(p.now()):
		return nil, nil, newError(500133, "Assertion is not within its valid time range. Ensure that the access token is not expired before using it for user assertion, or request a new token.")
	case p.audience(presented.resource) != client.ID:
		return nil, nil, newError(500131, "Assertion audience does not match the Client app presenting the assertion. The audience in the assertion was '%s' and the expected audience is '%s' or one of the Application Uris of this application.",
			clip(p.audience(presented.resource)), client.ID)
	case presented.account == nil:
		return nil, nil, newError(7000114, "Application is not allowed to make application on-behalf-of calls.")
	case at.tenant != nil && at.tenant.ID != presented.place.TenantID:
		return nil, nil, newError(50013, "Assertion failed signature validation. [Reason - The tenant of the assertion is another one.]")
	}
	g := &grant{
		client: client, account: presented.account, place: presented.place, at: at, scopes: scopes,
		sid: presented.sid, authTime: presented.authTime, claims: form.Get("claims"),
	}
	allowed, refused := p.tokenScopes(client, g, scopes)
	return g, allowed, refused
}

// audience returns the claim aud of an access token for an API: the client ID if
// the API is registered here, as in Entra's tokens of version 2.0.
func (p *Provider) audience(resource string) string {
	if api := p.client(strings.TrimPrefix(resource, "api://")); api != nil {
		return api.ID
	}
	return resource
}

// accessToken returns an access token for the API. For Microsoft Graph it is random
// text, because a client must not read it. For every other API it is a JWT with the
// claims of Entra's access tokens of version 2.0, which the API can verify.
func (p *Provider) accessToken(g *grant, scopes []string, resource string) (string, error) {
	if resource == graphResource {
		return newToken("eyJ0eXAi", accessTokenLength), nil
	}
	now, audience := p.now(), p.audience(resource)
	claims := map[string]any{
		"aud": audience,
		"iss": p.issuer(g.place.TenantID),
		"iat": now.Unix(),
		"nbf": now.Unix(),
		"exp": now.Add(p.config.AccessTokenLifetime).Unix(),
		"azp": g.client.ID,
		"tid": g.place.TenantID,
		"ver": "2.0",
		"uti": newToken("", entropyLength)[:22],
	}
	if g.account == nil {
		principal := subject(g.client.ID, g.place.TenantID, "service principal")
		claims["sub"], claims["oid"], claims["idtyp"] = principal, principal, "app"
	} else {
		claims["sub"] = subject(audience, g.place.TenantID, g.place.ObjectID)
		claims["scp"] = p.scopeNames(scopes)
		claims["sid"] = g.sid
		p.addPerson(claims, &grant{client: g.client, account: g.account, place: g.place, scopes: []string{scopeProfile}})
	}
	return p.compact(&TokenDraft{Header: map[string]any{"typ": "JWT"}, Claims: claims, tenantID: g.place.TenantID})
}

// scopeNames returns the claim scp: the names of the API's scopes. A token for
// .default has the scope that Entra proposes for a new API.
func (p *Provider) scopeNames(scopes []string) string {
	var names []string
	for _, scope := range scopes {
		if isIdentityScope(scope) {
			continue
		}
		_, name := p.splitScope(scope)
		if name == defaultScope {
			name = "access_as_user"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}
