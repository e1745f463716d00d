package fakeidp

import (
	"net/http"
	"strings"
)

// redeemCredentials gives the application a token of its own (RFC 6749,
// section 4.4).
func (p *Provider) redeemCredentials(r *http.Request, at authority, client *Client) (map[string]any, *Error) {
	scopes := strings.Fields(r.PostForm.Get("scope"))
	if len(scopes) != 1 || !strings.HasSuffix(scopes[0], "/"+defaultScope) {
		return nil, newError(1002012, "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", clip(strings.Join(scopes, " "))).withCode(codeInvalidScope)
	}
	if at.tenant == nil {
		return nil, newError(50194, "Client credential flows need a tenant-specific endpoint, not /%s.", at.segment).withCode(codeInvalidRequest)
	}
	if client.public() {
		return nil, newError(700025, "Client is public, so it cannot use the client credentials flow.")
	}
	return p.issue(&grant{client: client, at: at, scopes: scopes, place: place{Membership: Membership{TenantID: at.tenant.ID}}}, scopes, "client_credentials")
}
