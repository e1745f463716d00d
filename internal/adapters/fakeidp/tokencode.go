package fakeidp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
)

// redeemCode exchanges an authorization code (RFC 6749, section 4.1.3;
// RFC 7636, section 4.5). The first attempt of the right client spends it.
func (p *Provider) redeemCode(r *http.Request, at authority, client *Client) (map[string]any, *Error) {
	value := r.PostForm.Get("code")
	if value == "" {
		return nil, missing("code")
	}
	issued, refused := p.spendCode(value, client)
	if refused != nil {
		return nil, refused
	}
	switch {
	case issued.expires.Before(p.now()):
		return nil, newError(70008, "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.")
	case r.PostForm.Get("redirect_uri") != issued.redirectURI:
		return nil, newError(500112, "The reply address does not match the reply address provided when requesting Authorization code.")
	case at.tenant != nil && at.tenant.ID != issued.place.TenantID:
		return nil, newError(700005, "Provided Authorization Code is intended to use against other tenant, thus rejected.")
	case !verifies(issued.challenge, r.PostForm.Get("code_verifier")):
		return nil, newError(501481, "The Code_Verifier does not match the code_challenge supplied in the authorization request.")
	}
	scopes, refused := p.tokenScopes(client, issued.grant, strings.Fields(r.PostForm.Get("scope")))
	if refused != nil {
		return nil, refused
	}
	return p.issue(issued.grant, scopes, "authorization_code")
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

// verifies compares a PKCE verifier with its challenge (RFC 7636, section 4.6).
func verifies(challenge, verifier string) bool {
	if challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}
