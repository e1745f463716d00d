package fakeidp

import (
	"slices"
	"strings"
)

// UserFlow is a user flow (policy) of a tenant of Azure AD B2C. Its authority is
// Authority(tenant) + "/" + Name. It follows Microsoft's documentation and public reports,
// and was never compared with a real B2C tenant.
type UserFlow struct {
	Name string // such as B2C_1_signupsignin1
	Does FlowKind
	// NamesPolicy puts the name into the issuer: BASE/tfp/TENANT/NAME/v2.0/ in place of
	// BASE/TENANT/v2.0/.
	NamesPolicy bool
	// PolicyClaim is the claim with the name, tfp (the default) or acr.
	PolicyClaim string
}

// FlowKind is what a person does in a UserFlow.
type FlowKind int

// The kinds of user flows.
const (
	FlowSignUpSignIn FlowKind = iota
	FlowEditProfile
	FlowResetPassword
)

// DefaultUserFlows returns the three flows of Microsoft's samples.
func DefaultUserFlows() []UserFlow {
	return []UserFlow{
		{Name: "B2C_1_signupsignin1", Does: FlowSignUpSignIn},
		{Name: "B2C_1_profileediting1", Does: FlowEditProfile},
		{Name: "B2C_1_passwordreset1", Does: FlowResetPassword},
	}
}

// userFlow returns the tenant's flow with this name, or nil. B2C ignores letter case.
func (t *Tenant) userFlow(name string) *UserFlow {
	i := slices.IndexFunc(t.UserFlows, func(f UserFlow) bool { return strings.EqualFold(f.Name, name) })
	if i < 0 {
		return nil
	}
	return &t.UserFlows[i]
}

// does reports whether the authority is a user flow of this kind.
func (a authority) does(kind FlowKind) bool { return a.flow != nil && a.flow.Does == kind }

// signsUp reports whether a person can register an account.
func (p *Provider) signsUp(at authority) bool {
	return at.does(FlowSignUpSignIn) || at.flow == nil && p.config.SignUp
}

// flowIssuer returns the issuer of a user flow's tokens. As in B2C, a policy in it is in
// lower case.
func (p *Provider) flowIssuer(at authority) string {
	if at.flow.NamesPolicy {
		return p.base() + "/tfp/" + at.tenant.ID + "/" + strings.ToLower(at.flow.Name) + "/v2.0/"
	}
	return p.base() + "/" + at.tenant.ID + "/v2.0/"
}

// flowMetadata returns the metadata of a user flow.
func (p *Provider) flowMetadata(at authority) map[string]any {
	under := p.base() + "/" + at.segment
	document := map[string]any{
		"issuer":                                p.flowIssuer(at),
		"authorization_endpoint":                under + "/oauth2/v2.0/authorize",
		"token_endpoint":                        under + "/oauth2/v2.0/token",
		"end_session_endpoint":                  under + "/oauth2/v2.0/logout",
		"jwks_uri":                              under + "/discovery/v2.0/keys",
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"response_types_supported":              []string{"code", "id_token", "code id_token"},
		"scopes_supported":                      []string{"openid"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"token_endpoint_auth_methods_supported": []string{methodPost, methodBasic},
		"claims_supported":                      []string{"name", "emails", "idp", "tfp", "sub", "iss", "iat", "exp", "aud", "acr", "nonce", "auth_time"},
	}
	if p.config.PushedRequests {
		document["pushed_authorization_request_endpoint"] = under + "/oauth2/v2.0/par"
	}
	return document
}

// flowClaims returns the claims of a user flow's ID token. As in B2C, tid and
// preferred_username are not among them.
func (p *Provider) flowClaims(g *grant) map[string]any {
	now, policy := p.now(), g.at.flow.PolicyClaim
	if policy == "" {
		policy = "tfp"
	}
	return map[string]any{
		"aud":       g.client.ID,
		"iss":       p.flowIssuer(g.at),
		"iat":       now.Unix(),
		"nbf":       now.Unix(),
		"exp":       now.Add(idTokenLifetime).Unix(),
		"sub":       g.place.ObjectID,
		"ver":       "1.0",
		"auth_time": g.authTime.Unix(),
		"name":      p.nameOf(g.account),
		"emails":    []string{g.account.Username},
		policy:      g.at.flow.Name,
	}
}

// withoutAccessToken removes the access token from a response of B2C to a request that
// names no API.
func withoutAccessToken(response map[string]any, scopes []string) {
	if slices.ContainsFunc(scopes, func(scope string) bool { return !isIdentityScope(scope) }) {
		return
	}
	for _, member := range []string{"access_token", "expires_in", "ext_expires_in"} {
		delete(response, member)
	}
}

// b2cError returns an error with a number of Azure AD B2C.
func b2cError(number int, text string) *Error {
	return &Error{Number: number, B2C: true, Code: codeAccessDenied, Text: text}
}

// cancelled returns the error for a person who cancels.
func cancelled(at authority) *Error {
	if at.flow == nil {
		return declined()
	}
	return b2cError(90091, "The user has cancelled entering self-asserted information.")
}

func passwordForgotten() *Error { return b2cError(90118, "The user has forgotten their password.") }

// checkFlow refuses a code or a refresh token of another user flow.
func checkFlow(g *grant, at authority) *Error {
	if g.at.flow == at.flow {
		return nil
	}
	return b2cError(90088, "The provided grant has not been issued for this endpoint.").withCode(codeInvalidGrant)
}
