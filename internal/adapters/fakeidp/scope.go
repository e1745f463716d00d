package fakeidp

import (
	"slices"
	"strings"
)

const (
	scopeOpenID  = "openid"
	scopeProfile = "profile"
	scopeEmail   = "email"
	scopeOffline = "offline_access"

	// graphResource is the API of a scope without a resource, such as User.Read.
	graphResource = "https://graph.microsoft.com"
	defaultScope  = ".default"
)

// isIdentityScope reports whether scope is one of OpenID Connect.
func isIdentityScope(scope string) bool {
	return scope == scopeOpenID || scope == scopeProfile || scope == scopeEmail || scope == scopeOffline
}

// splitScope splits a scope such as "api://id/Read" or "id/.default", where id is a
// client ID, into resource and name.
func (p *Provider) splitScope(scope string) (resource, name string) {
	i := strings.LastIndexByte(scope, '/')
	if i < 0 || !strings.Contains(scope, "://") && !guidForm.MatchString(scope[:i]) {
		return graphResource, scope
	}
	resource = scope[:i]
	if resource == p.base() || resource == p.base()+"/v1.0" {
		resource = graphResource
	}
	return resource, scope[i+1:]
}

// resourceOf returns the API that scopes belong to. It returns false if they
// belong to several.
func (p *Provider) resourceOf(scopes []string) (string, bool) {
	resource := ""
	for _, scope := range scopes {
		if isIdentityScope(scope) {
			continue
		}
		of, _ := p.splitScope(scope)
		if resource != "" && of != resource {
			return "", false
		}
		resource = of
	}
	if resource == "" {
		resource = graphResource
	}
	return resource, true
}

// firstResource returns the identity scopes and the scopes of the first API.
func (p *Provider) firstResource(scopes []string) []string {
	resource := ""
	return slices.DeleteFunc(slices.Clone(scopes), func(scope string) bool {
		if isIdentityScope(scope) {
			return false
		}
		of, _ := p.splitScope(scope)
		if resource == "" {
			resource = of
		}
		return of != resource
	})
}

// tokenScopes returns the scopes of a token response. These are the requested
// scopes, or the scopes of the sign-in if the token request names none. client is
// the current app registration.
func (p *Provider) tokenScopes(client *Client, g *grant, asked []string) ([]string, *Error) {
	if len(asked) == 0 {
		return p.firstResource(g.scopes), nil
	}
	if _, one := p.resourceOf(asked); !one {
		return nil, newError(28000, "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope %s is not valid.", clip(strings.Join(asked, " ")))
	}
	if lacking := p.lackingConsent(client, g.account, g.place.TenantID, asked); len(lacking) > 0 {
		err := newError(65001, "The user or administrator has not consented to use the application with ID '%s' named '%s'. Send an interactive authorization request for this user and resource.", client.ID, client.Name).withCode(codeInvalidGrant)
		err.Suberror = "consent_required"
		return nil, err
	}
	return asked, nil
}

// lackingConsent returns the scopes that still need the consent of the person, or of an
// administrator of the tenant.
func (p *Provider) lackingConsent(client *Client, account *Account, tenantID string, scopes []string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lacking []string
	for _, scope := range scopes {
		own := !slices.Contains(client.NeedsAdminConsent, scope) &&
			(!slices.Contains(client.NeedsConsent, scope) || p.consents[consentKey(client, account, scope)])
		if !own && !p.consents[tenantConsentKey(client, tenantID, scope)] {
			lacking = append(lacking, scope)
		}
	}
	return lacking
}

// consent stores the person's consent to the requested scopes.
func (p *Provider) consent(req authRequest, account *Account) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, scope := range req.scopes {
		if slices.Contains(req.client.NeedsConsent, scope) && len(p.consents) < maxConsents {
			p.consents[consentKey(req.client, account, scope)] = true
		}
	}
}

func consentKey(client *Client, account *Account, scope string) string {
	return client.ID + "\x00" + account.Username + "\x00" + scope
}
