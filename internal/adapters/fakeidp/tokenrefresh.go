package fakeidp

import (
	"net/http"
	"strings"
)

// redeemRefreshToken exchanges a refresh token for new tokens and a new refresh
// token; the old one is worthless from then on.
func (p *Provider) redeemRefreshToken(r *http.Request, client *Client) (map[string]any, *Error) {
	value := r.PostForm.Get("refresh_token")
	if value == "" {
		return nil, missing("refresh_token")
	}
	g, refused := p.peekRefreshToken(value, client)
	if refused != nil {
		return nil, refused
	}
	scopes, refused := p.tokenScopes(client, g, strings.Fields(r.PostForm.Get("scope")))
	if refused != nil {
		return nil, refused
	}
	if refused = p.spendRefreshToken(value); refused != nil {
		return nil, refused
	}
	return p.issue(g, scopes, "refresh_token")
}

func (p *Provider) peekRefreshToken(value string, client *Client) (*grant, *Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	issued, ok := p.refresh.get(fingerprint(value))
	if !ok || issued.client.ID != client.ID {
		return nil, newError(70000, "Provided grant is invalid or malformed.").withSuberror("bad_token")
	}
	return issued.grant, p.judgeRefreshToken(issued)
}

func (p *Provider) spendRefreshToken(value string) *Error {
	p.mu.Lock()
	defer p.mu.Unlock()
	issued, ok := p.refresh.get(fingerprint(value))
	if !ok {
		return newError(70000, "Provided grant is invalid or malformed.").withSuberror("bad_token")
	}
	if refused := p.judgeRefreshToken(issued); refused != nil {
		return refused
	}
	issued.spent = true
	return nil
}

// judgeRefreshToken says why a refresh token cannot be used. The caller holds mu.
func (p *Provider) judgeRefreshToken(issued *refreshGrant) *Error {
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
