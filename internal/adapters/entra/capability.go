package entra

import (
	"encoding/json"
	"errors"
	"net/url"

	"webapp/internal/providerhttp"
)

// clientCapability tells Entra that this application takes up claims challenges
// of its APIs (continuous access evaluation). Entra then gives tokens that last
// for many hours and that an API may refuse at any moment.
const clientCapability = `{"access_token":{"xms_cc":{"values":["cp1"]}}}`

// errClaims is the caller's mistake, never the browser's.
var errClaims = errors.New("authorization request: claims must be one JSON object of sensible size without duplicates")

// claimsParameter returns the claims parameter of a request for an API's
// scopes: an API's challenge, or "", with the client capability merged in where
// there is an API to challenge and a provider to understand it.
func (p *Provider) claimsParameter(scopes []string, challenge string) (string, error) {
	if len(challenge) > providerhttp.MaxClaims {
		return "", errClaims
	}
	claims := providerhttp.Object{}
	if challenge != "" {
		var err error
		if claims, err = providerhttp.ParseObject([]byte(challenge)); err != nil {
			return "", errClaims
		}
	}
	if len(scopes) == 0 || !p.authority.EntraParameters() {
		return challenge, nil
	}
	if challenge == "" {
		return clientCapability, nil
	}
	capability, err := providerhttp.ParseObject([]byte(clientCapability))
	if err != nil {
		return "", err
	}
	merged, err := json.Marshal(merge(claims, capability))
	return string(merged), err
}

// withCapability adds the client capability to a token request for scopes, as
// the authorization request had it.
func (p *Provider) withCapability(form url.Values, scopes []string) url.Values {
	if claims, err := p.claimsParameter(scopes, ""); err == nil && claims != "" {
		form.Set("claims", claims)
	}
	return form
}

// merge puts the members of more into base: objects are merged, anything else
// is replaced.
func merge(base, more providerhttp.Object) providerhttp.Object {
	for name, value := range more {
		inner, err := providerhttp.ParseObject(base[name])
		added, err2 := providerhttp.ParseObject(value)
		if err == nil && err2 == nil {
			if both, err := json.Marshal(merge(inner, added)); err == nil {
				value = both
			}
		}
		base[name] = value
	}
	return base
}
