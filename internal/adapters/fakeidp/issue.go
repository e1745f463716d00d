package fakeidp

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// issue returns a token response with new tokens (RFC 6749, section 5.1; OpenID
// Connect Core 1.0, section 3.1.3.3).
func (p *Provider) issue(g *grant, scopes []string, grantType string) (map[string]any, *Error) {
	resource, _ := p.resourceOf(scopes)
	access, err := p.accessToken(g, scopes, resource)
	if err != nil {
		return nil, newError(90000, "The access token could not be signed: %s", err)
	}
	lifetime := int64(p.config.AccessTokenLifetime / time.Second)
	response := map[string]any{
		"token_type":     "Bearer",
		"scope":          strings.Join(slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == scopeOffline }), " "),
		"expires_in":     lifetime,
		"ext_expires_in": lifetime,
		"access_token":   access,
	}
	if slices.Contains(g.scopes, scopeOffline) {
		response["refresh_token"] = newToken("1.AY", refreshTokenLength)
	}
	if slices.Contains(g.scopes, scopeOpenID) {
		if g.at.flow != nil {
			withoutAccessToken(response, scopes)
		}
		draft := p.draft(g, grantType, access)
		draft.Response = response
		if err := p.finish(draft); err != nil {
			return nil, newError(90000, "The ID token could not be signed: %s", err)
		}
	}
	p.remember(g, scopes, resource, response)
	return response, nil
}

// remember stores the tokens of the response, which Mutate may have changed.
func (p *Provider) remember(g *grant, scopes []string, resource string, response map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if token, ok := response["access_token"].(string); ok {
		p.access.put(fingerprint(token), &accessGrant{grant: g, scopes: scopes, resource: resource, expires: now.Add(p.config.AccessTokenLifetime)})
	}
	if token, ok := response["refresh_token"].(string); ok {
		p.refresh.put(fingerprint(token), &refreshGrant{grant: g, expires: now.Add(refreshTokenLifetime)})
	}
}

// idTokenClaims returns the claims of an Entra v2.0 ID token, with the optional
// claims login_hint, sid and acct, and those that the client asked for.
func (p *Provider) idTokenClaims(g *grant, nonce, accessToken string) map[string]any {
	now, where := p.now(), g.place
	if g.at.flow != nil {
		claims := p.flowClaims(g)
		if nonce != "" {
			claims["nonce"] = nonce
		}
		return claims
	}
	claims := map[string]any{
		"aud":        g.client.ID,
		"iss":        p.issuer(where.TenantID),
		"iat":        now.Unix(),
		"nbf":        now.Unix(),
		"exp":        now.Add(idTokenLifetime).Unix(),
		"sub":        subject(g.client.ID, where.TenantID, where.ObjectID),
		"tid":        where.TenantID,
		"ver":        "2.0",
		"sid":        g.sid,
		"login_hint": g.account.opaqueHint(),
		"acct":       0,
		"uti":        newToken("", entropyLength)[:22],
		"rh":         "1." + newToken("", entropyLength)[:40] + ".",
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	g.addAuthentication(claims)
	p.addPerson(claims, g)
	p.addGroups(claims, where)
	if p.config.AtHash {
		claims["at_hash"] = halfHash(accessToken)
	}
	return claims
}

// addPerson adds the claims about the person that the scopes allow.
func (p *Provider) addPerson(claims map[string]any, g *grant) {
	where := g.place
	if slices.Contains(g.scopes, scopeProfile) {
		claims["oid"] = where.ObjectID
		claims["name"] = g.account.Name
		claims["preferred_username"] = g.account.Username
	}
	if slices.Contains(g.scopes, scopeEmail) {
		claims["email"] = g.account.Username
	}
	if where.guest {
		claims["acct"] = 1
		claims["idp"] = p.issuer(where.home)
	}
	if len(where.Roles) > 0 {
		claims["roles"] = where.Roles
	}
}

// groupLimit is the largest number of groups in an ID token of Entra.
const groupLimit = 200

// addGroups adds the groups. If they are too many, it adds a reference to them
// instead, as Entra does (groups overage; OpenID Connect Core 1.0, section 5.6.2).
// The host in the reference has been shut down.
func (p *Provider) addGroups(claims map[string]any, where place) {
	switch {
	case len(where.Groups) > groupLimit:
		claims["_claim_names"] = map[string]any{"groups": "src1"}
		claims["_claim_sources"] = map[string]any{"src1": map[string]any{
			"endpoint": "https://graph.windows.net/" + where.TenantID + "/users/" + where.ObjectID + "/getMemberObjects",
		}}
	case len(where.Groups) > 0:
		claims["groups"] = where.Groups
	}
}

// halfHash returns at_hash (OpenID Connect Core 1.0, section 3.1.3.6).
func halfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
