package fakeidp

import "net/http"

// serveRevocation serves the revocation endpoint (RFC 7009). The response does not show
// whether there was such a token.
func (p *Provider) serveRevocation(w http.ResponseWriter, r *http.Request) {
	if refused := p.revoke(r); refused != nil {
		p.writeError(w, r, refused)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// revoke revokes all tokens of the sign-in that the token belongs to. token_type_hint
// only helps a provider to find a token (RFC 7009, section 2.1), so it is ignored.
func (p *Provider) revoke(r *http.Request) *Error {
	at, refused := p.authority(r.PathValue("tenant"))
	if refused != nil {
		return refused
	}
	client, refused := p.authenticate(r, at)
	if refused != nil {
		return refused
	}
	values := r.PostForm["token"]
	if len(values) != 1 || values[0] == "" {
		return missing("token")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	issued := p.grantOf(values[0])
	switch {
	case issued == nil:
		return nil
	case issued.client.ID != client.ID:
		return newError(70000, "The token was issued to another client.").withCode(codeInvalidRequest)
	}
	issued.revoked = true
	return nil
}

// grantOf returns the grant of a refresh token or an access token, or nil. The caller
// holds mu.
func (p *Provider) grantOf(token string) *grant {
	if issued, ok := p.refresh.get(fingerprint(token)); ok {
		return issued.grant
	}
	if issued, ok := p.access.get(fingerprint(token)); ok {
		return issued.grant
	}
	return nil
}
