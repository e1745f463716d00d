package fakeidp

import "maps"

// TokenDraft is an ID token, and the token response around it, before they
// leave. A function given to Mutate changes it to make the wrong tokens that a
// relying party must refuse.
type TokenDraft struct {
	// Username, ClientID and GrantType tell the function what it has before it.
	Username  string
	ClientID  string
	GrantType string

	// Header and Claims are what will be signed.
	Header map[string]any
	Claims map[string]any
	// HeaderJSON and ClaimsJSON, where set, are signed byte for byte instead:
	// for repeated members, odd numbers, broken JSON.
	HeaderJSON []byte
	ClaimsJSON []byte
	// Signing chooses the key and the algorithm. The members alg and kid of
	// Header follow it, unless Header has them already.
	Signing Signing
	// Raw, where set, is given the finished token and returns what is sent in
	// its place.
	Raw func(compact string) string

	// Response is the token response. The ID token is added to it as
	// id_token, unless OmitIDToken is set.
	Response    map[string]any
	OmitIDToken bool

	tenantID string
	secret   string // of the client, for SignHS256Secret
}

// Mutate lets f change every ID token before it is signed, from now on. nil
// ends that. f is called by one request at a time or several; it must be safe
// for that.
func (p *Provider) Mutate(f func(*TokenDraft)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mutate = f
}

// Sign makes a token of any kind, such as a logout token (OpenID Connect
// Back-Channel Logout 1.0, section 2.4), as the provider signs its ID tokens.
// Only Header, Claims, HeaderJSON, ClaimsJSON, Signing and Raw are read.
func (p *Provider) Sign(draft TokenDraft) (string, error) {
	draft.Header = maps.Clone(draft.Header)
	if draft.Header == nil {
		draft.Header = map[string]any{"typ": "JWT"}
	}
	if audience, ok := draft.Claims["aud"].(string); ok {
		draft.secret = firstSecret(p.client(audience))
	}
	return p.compact(&draft)
}

func (p *Provider) draft(g *grant, grantType, accessToken string) *TokenDraft {
	nonce := g.nonce
	if grantType != "authorization_code" {
		nonce = ""
	}
	return &TokenDraft{
		Username:  g.account.Username,
		ClientID:  g.client.ID,
		GrantType: grantType,
		Header:    map[string]any{"typ": "JWT"},
		Claims:    p.idTokenClaims(g, nonce, accessToken),
		tenantID:  g.place.TenantID,
		secret:    firstSecret(g.client),
	}
}

// finish lets the test change the draft, signs it and completes the response.
func (p *Provider) finish(draft *TokenDraft) error {
	p.mu.Lock()
	mutate := p.mutate
	p.mu.Unlock()
	if mutate != nil {
		mutate(draft)
	}
	if draft.OmitIDToken {
		return nil
	}
	compact, err := p.compact(draft)
	if err != nil {
		return err
	}
	draft.Response["id_token"] = compact
	return nil
}

func firstSecret(client *Client) string {
	if client == nil || len(client.Secrets) == 0 {
		return ""
	}
	return client.Secrets[0]
}
