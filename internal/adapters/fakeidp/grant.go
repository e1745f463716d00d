package fakeidp

import (
	"net/url"
	"time"
)

// Lifetimes, as Entra's.
const (
	codeLifetime         = 10 * time.Minute
	idTokenLifetime      = time.Hour
	refreshTokenLifetime = 90 * 24 * time.Hour
)

// grant is the result of one sign-in to one client. Its code and its tokens point
// to it, so that they can be revoked together.
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
	// idTokenClaims is the member id_token of claims.
	idTokenClaims requestedClaims
	acrValues     []string
	device        bool // from a device code
	revoked       bool // guarded by Provider.mu
}

// code is an issued authorization code.
type code struct {
	*grant
	redirectURI string
	challenge   string
	expires     time.Time
	spent       bool
}

// refreshGrant is an issued refresh token.
type refreshGrant struct {
	*grant
	expires time.Time
	spent   bool
}

// accessGrant is an issued access token.
type accessGrant struct {
	*grant
	scopes   []string // only those of resource
	resource string
	expires  time.Time
}

// authResponse returns the authorization response with a new code for the session.
func (p *Provider) authResponse(req authRequest, who *signedIn) AuthResponse {
	value := newToken("1.AX", codeLength)
	p.mu.Lock()
	defer p.mu.Unlock()
	who.clients[req.client.ID] = true
	p.codes.put(fingerprint(value), &code{
		grant:       newGrant(req, who),
		redirectURI: req.redirectURI,
		challenge:   req.challenge,
		expires:     p.now().Add(codeLifetime),
	})
	values := url.Values{"code": {value}, "session_state": {who.sid}}
	if req.state != "" {
		values.Set("state", req.state)
	}
	return AuthResponse{RedirectURI: req.redirectURI, FormPost: req.formPost, Values: values}
}

func newGrant(req authRequest, who *signedIn) *grant {
	return &grant{
		client: req.client, account: who.account, place: who.place, at: req.at, scopes: req.scopes,
		nonce: req.nonce, sid: who.sid, authTime: who.authTime,
		claims: req.claims, idTokenClaims: req.idTokenClaims, acrValues: req.acrValues,
	}
}

// RevokeRefreshTokens revokes all refresh tokens, as a change of the password
// does. Their next use is error invalid_grant with AADSTS50173.
func (p *Provider) RevokeRefreshTokens() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refresh.each(func(r *refreshGrant) bool {
		r.revoked = true
		return true
	})
}
