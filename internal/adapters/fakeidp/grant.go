package fakeidp

import (
	"net/url"
	"time"
)

// grant is what one sign-in allows one client. Everything that is issued from
// it points to it, so that it can be revoked as a whole.
type grant struct {
	client   *Client
	account  *Account // nil for client_credentials
	place    place
	at       authority
	scopes   []string // as authorized
	nonce    string
	sid      string
	authTime time.Time
	claims   string // the claims parameter of the authorization request
	revoked  bool   // guarded by Provider.mu
}

// code is an authorization code that has been issued.
type code struct {
	*grant
	redirectURI string
	challenge   string
	expires     time.Time
	spent       bool
}

// refreshGrant is a refresh token that has been issued.
type refreshGrant struct {
	*grant
	expires time.Time
	spent   bool
}

// accessGrant is an access token that has been issued.
type accessGrant struct {
	*grant
	scopes   []string // of this one API
	resource string
	expires  time.Time
}

// answer completes an authorization request for a signed-in account.
func (p *Provider) answer(req authRequest, who *signedIn) Answer {
	value := p.token("1.AX", codeLength)
	p.mu.Lock()
	defer p.mu.Unlock()
	who.clients[req.client.ID] = true
	p.codes.put(fingerprint(value), &code{
		grant: &grant{
			client: req.client, account: who.account, place: who.place, at: req.at, scopes: req.scopes,
			nonce: req.nonce, sid: who.sid, authTime: who.authTime, claims: req.claims,
		},
		redirectURI: req.redirectURI,
		challenge:   req.challenge,
		expires:     p.now().Add(p.config.CodeLifetime),
	})
	values := url.Values{"code": {value}, "session_state": {who.sid}}
	if req.state != "" {
		values.Set("state", req.state)
	}
	return Answer{RedirectURI: req.redirectURI, FormPost: req.formPost, Values: values}
}

// RevokeRefreshTokens makes every refresh token issued so far worthless, as a
// changed password does. The next use is invalid_grant with AADSTS50173.
func (p *Provider) RevokeRefreshTokens() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refresh.each(func(r *refreshGrant) bool {
		r.revoked = true
		return true
	})
}
