package fakeidp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// requestedClaims are the members of id_token in a claims parameter (OpenID Connect
// Core 1.0, section 5.5). A member that is null is requested, too.
type requestedClaims map[string]*struct {
	Value  string   `json:"value"`
	Values []string `json:"values"`
}

// readClaims reads the claims parameter.
func (req *authRequest) readClaims(text string) *Error {
	if req.claims = text; text == "" {
		return nil
	}
	var members map[string]any
	if json.Unmarshal([]byte(text), &members) != nil {
		return newError(9002313, "Invalid request. The parameter 'claims' is not a JSON object.")
	}
	var request struct {
		IDToken requestedClaims `json:"id_token"`
	}
	if json.Unmarshal([]byte(text), &request) != nil {
		return newError(9002313, "Invalid request. The member 'id_token' of the parameter 'claims' is malformed.")
	}
	req.idTokenClaims = request.IDToken
	return nil
}

// contexts returns the authentication contexts that the request asks for (acrs).
func (c requestedClaims) contexts() []string {
	wanted := c["acrs"]
	switch {
	case wanted == nil:
		return nil
	case wanted.Value != "":
		return append([]string{wanted.Value}, wanted.Values...)
	}
	return wanted.Values
}

// satisfies reports whether the session has all these authentication contexts. It gets
// them when a person picks an account for a request that asks for them.
func (who *signedIn) satisfies(contexts []string) bool {
	return !slices.ContainsFunc(contexts, func(one string) bool { return !slices.Contains(who.contexts, one) })
}

// addAuthentication adds the optional claims about the authentication: auth_time and
// acrs, which Entra sends only to a client that asks for them or is registered for
// them, and acr, the first class of acr_values.
func (g *grant) addAuthentication(claims map[string]any) {
	if _, asked := g.idTokenClaims["auth_time"]; asked || g.client.AuthTime {
		claims["auth_time"] = g.authTime.Unix()
	}
	if contexts := g.idTokenClaims.contexts(); len(contexts) > 0 {
		claims["acrs"] = contexts
	}
	if len(g.acrValues) > 0 {
		claims["acr"] = g.acrValues[0]
	}
}

// Demand is what an API requires of a sign-in (RFC 9470).
type Demand struct {
	// ACR must be one of the acr_values of the sign-in. Empty requires none.
	ACR string
	// MaxAge is the greatest age of the authentication; nil permits any.
	MaxAge *time.Duration
}

// DemandSignIn makes the Graph endpoints respond with 401
// insufficient_user_authentication unless the access token comes from a sign-in that
// meets the demand. The zero Demand stops that.
func (p *Provider) DemandSignIn(d Demand) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.required = d
}

// metBy reports whether the sign-in of g meets the demand.
func (d Demand) metBy(g *grant, now time.Time) bool {
	return (d.ACR == "" || slices.Contains(g.acrValues, d.ACR)) && (d.MaxAge == nil || now.Sub(g.authTime) <= *d.MaxAge)
}

// challenge returns the header WWW-Authenticate (RFC 9470, section 3).
func (d Demand) challenge() string {
	var b strings.Builder
	b.WriteString(`Bearer realm="", error="insufficient_user_authentication", error_description="A different authentication level is required"`)
	if d.ACR != "" {
		fmt.Fprintf(&b, `, acr_values="%s"`, d.ACR)
	}
	if d.MaxAge != nil {
		fmt.Fprintf(&b, `, max_age="%d"`, *d.MaxAge/time.Second)
	}
	return b.String()
}

// demandSignIn writes a challenge and returns false if the token's sign-in does not
// meet the demand.
func (p *Provider) demandSignIn(w http.ResponseWriter, issued *accessGrant) bool {
	p.mu.Lock()
	demand := p.required
	p.mu.Unlock()
	if demand.metBy(issued.grant, p.now()) {
		return true
	}
	p.refuseBearer(w, demand.challenge(), "A different authentication level is required.")
	return false
}
