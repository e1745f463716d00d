package fakeidp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// serveToken serves the token endpoint (RFC 6749, section 3.2).
func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	response, refused := p.redeem(r)
	if refused != nil {
		p.writeError(w, r, refused)
		return
	}
	w.Header().Set("Pragma", "no-cache")
	writeJSON(w, http.StatusOK, response)
}

func (p *Provider) redeem(r *http.Request) (map[string]any, *Error) {
	at, refused := p.authority(r.PathValue("tenant"))
	if refused != nil {
		return nil, refused
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return nil, newError(9002313, "Invalid request. Request is malformed or invalid: the parameter '%s' is repeated.", clip(name))
		}
	}
	client, refused := p.authenticate(r, at)
	if refused != nil {
		return nil, refused
	}
	g, scopes, refused := p.granted(r, at, client)
	if refused != nil {
		return nil, refused
	}
	response, refused := p.issue(g, scopes, r.PostForm.Get("grant_type"))
	if refused == nil && g.account != nil && r.PostForm.Get("client_info") == "1" {
		response["client_info"] = g.account.clientInfo()
	}
	return response, refused
}

// granted returns the grant and the scopes of a token request.
func (p *Provider) granted(r *http.Request, at authority, client *Client) (*grant, []string, *Error) {
	switch kind := r.PostForm.Get("grant_type"); kind {
	case "authorization_code":
		return p.redeemCode(r, at, client)
	case "refresh_token":
		return p.redeemRefreshToken(r, at, client)
	case "client_credentials":
		return p.redeemCredentials(r, at, client)
	case grantDeviceCode, grantDeviceCodeOld:
		return p.redeemDeviceCode(r, at, client)
	case grantOnBehalfOf:
		return p.redeemAssertion(r, at, client)
	case "":
		return nil, nil, missing("grant_type")
	default:
		return nil, nil, newError(70003, "The app requested an unsupported grant type '%s'.", clip(kind))
	}
}

// redeemCode redeems an authorization code (RFC 6749, section 4.1.3; RFC 7636,
// section 4.5). The client's first attempt spends the code, even if it fails.
func (p *Provider) redeemCode(r *http.Request, at authority, client *Client) (*grant, []string, *Error) {
	value := r.PostForm.Get("code")
	if value == "" {
		return nil, nil, missing("code")
	}
	issued, refused := p.spendCode(value, client)
	if refused != nil {
		return nil, nil, refused
	}
	switch {
	case issued.expires.Before(p.now()):
		return nil, nil, newError(70008, "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.")
	case r.PostForm.Get("redirect_uri") != issued.redirectURI:
		return nil, nil, newError(500112, "The reply address does not match the reply address provided when requesting Authorization code.")
	case checkFlow(issued.grant, at) != nil:
		return nil, nil, checkFlow(issued.grant, at)
	case at.tenant != nil && at.tenant.ID != issued.place.TenantID:
		return nil, nil, newError(700005, "Provided Authorization Code is intended to use against other tenant, thus rejected.")
	case !verifies(issued.challenge, r.PostForm.Get("code_verifier")):
		return nil, nil, newError(501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
	}
	scopes, refused := p.tokenScopes(client, issued.grant, strings.Fields(r.PostForm.Get("scope")))
	if refused != nil {
		return nil, nil, refused
	}
	// As at Entra, a token request can add scopes of OpenID Connect to those of the sign-in.
	for _, scope := range scopes {
		if isIdentityScope(scope) && !slices.Contains(issued.scopes, scope) {
			issued.scopes = append(slices.Clip(issued.scopes), scope)
		}
	}
	return issued.grant, scopes, nil
}

func (p *Provider) spendCode(value string, client *Client) (*code, *Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	issued, ok := p.codes.get(fingerprint(value))
	if !ok || issued.client.ID != client.ID {
		return nil, newError(70000, "Provided grant is invalid or malformed.")
	}
	if issued.spent {
		issued.revoked = true // RFC 6749, section 4.1.2
		return nil, newError(54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.")
	}
	issued.spent = true
	return issued, nil
}

// verifies reports whether a PKCE verifier fits its challenge (RFC 7636, section
// 4.6).
func verifies(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// redeemRefreshToken redeems a refresh token. The response has a new one, and the
// old one becomes invalid.
func (p *Provider) redeemRefreshToken(r *http.Request, at authority, client *Client) (*grant, []string, *Error) {
	value := r.PostForm.Get("refresh_token")
	if value == "" {
		return nil, nil, missing("refresh_token")
	}
	g, refused := p.findRefreshToken(value, client)
	if refused == nil {
		refused = checkFlow(g, at)
	}
	if refused != nil {
		return nil, nil, refused
	}
	scopes, refused := p.tokenScopes(client, g, strings.Fields(r.PostForm.Get("scope")))
	if refused != nil {
		return nil, nil, refused
	}
	if refused = p.spendRefreshToken(value); refused != nil {
		return nil, nil, refused
	}
	return g, scopes, nil
}

func (p *Provider) findRefreshToken(value string, client *Client) (*grant, *Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	issued, ok := p.refresh.get(fingerprint(value))
	if !ok || issued.client.ID != client.ID {
		return nil, newError(70000, "Provided grant is invalid or malformed.").withSuberror("bad_token")
	}
	return issued.grant, p.checkRefreshToken(issued)
}

func (p *Provider) spendRefreshToken(value string) *Error {
	p.mu.Lock()
	defer p.mu.Unlock()
	issued, ok := p.refresh.get(fingerprint(value))
	if !ok {
		return newError(70000, "Provided grant is invalid or malformed.").withSuberror("bad_token")
	}
	if refused := p.checkRefreshToken(issued); refused != nil {
		return refused
	}
	issued.spent = true
	return nil
}

// checkRefreshToken returns the error for a refresh token that cannot be used. The
// caller holds mu.
func (p *Provider) checkRefreshToken(issued *refreshGrant) *Error {
	switch {
	case issued.revoked:
		return newError(50173, "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.").withSuberror("bad_token")
	case issued.spent:
		issued.revoked = issued.revoked || p.config.RevokeOnReuse
		return newError(70008, "The provided authorization code or refresh token has been used already. Send a new interactive authorization request for this user and resource.").withSuberror("bad_token")
	case issued.expires.Before(p.now()):
		return newError(700082, "The refresh token has expired due to inactivity.").withSuberror("token_expired")
	}
	return nil
}

// redeemCredentials returns a grant for the application itself (client
// credentials; RFC 6749, section 4.4).
func (p *Provider) redeemCredentials(r *http.Request, at authority, client *Client) (*grant, []string, *Error) {
	scopes := strings.Fields(r.PostForm.Get("scope"))
	if len(scopes) != 1 || !strings.HasSuffix(scopes[0], "/"+defaultScope) {
		return nil, nil, newError(1002012, "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", clip(strings.Join(scopes, " "))).withCode(codeInvalidScope)
	}
	if at.tenant == nil {
		return nil, nil, newError(50194, "Client credential flows need a tenant-specific endpoint, not /%s.", at.segment).withCode(codeInvalidRequest)
	}
	if client.public() {
		return nil, nil, newError(700025, "Client is public, so it cannot use the client credentials flow.")
	}
	return &grant{client: client, at: at, scopes: scopes, place: place{Membership: Membership{TenantID: at.tenant.ID}}}, scopes, nil
}
