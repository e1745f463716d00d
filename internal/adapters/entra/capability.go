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
	if challenge != "" {
		if _, err := providerhttp.ParseObject([]byte(challenge)); err != nil {
			return "", errClaims
		}
	}
	if len(scopes) == 0 || !p.authority.EntraParameters() {
		return challenge, nil
	}
	return string(merge([]byte(challenge), []byte(clientCapability))), nil
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
// is replaced. A member that is null stays, since in a claims request it asks
// for that claim.
func merge(base, more json.RawMessage) json.RawMessage {
	var into, from map[string]json.RawMessage
	if json.Unmarshal(base, &into) != nil || json.Unmarshal(more, &from) != nil || into == nil || from == nil {
		return more
	}
	for name, value := range from {
		into[name] = merge(into[name], value)
	}
	merged, err := json.Marshal(into)
	if err != nil {
		return more
	}
	return merged
}
