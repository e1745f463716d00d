package fakeidp

import "maps"

// TokenDraft is an unsigned ID token and its token response. A function given to
// Mutate changes it, to make tokens that a relying party must refuse.
type TokenDraft struct {
	// Username, ClientID and GrantType describe the sign-in that the token is for.
	// Changing them has no effect.
	Username  string
	ClientID  string
	GrantType string

	// Header and Claims are the JOSE header and the claims to sign.
	Header map[string]any
	Claims map[string]any
	// HeaderJSON and ClaimsJSON replace Header and Claims if they are not nil.
	// They are signed byte for byte and can have repeated members, unusual
	// numbers or broken JSON.
	HeaderJSON []byte
	ClaimsJSON []byte
	// Signing selects the key and the algorithm. It also sets the header members
	// alg and kid unless Header already has them.
	Signing Signing
	// Raw, if not nil, receives the signed token. The response carries the text
	// that it returns.
	Raw func(compact string) string

	// Response is the token response. The ID token becomes its member id_token
	// unless OmitIDToken is set.
	Response    map[string]any
	OmitIDToken bool

	tenantID string
	secret   string // of the client, for SignHS256Secret
}

// Mutate makes f change every ID token before it is signed. nil removes f. f must
// be safe for concurrent use.
func (p *Provider) Mutate(f func(*TokenDraft)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mutate = f
}

// Sign returns a token of any kind, such as a logout token (OpenID Connect
// Back-Channel Logout 1.0, section 2.4), signed like an ID token. It uses the
// draft's Header, Claims, HeaderJSON, ClaimsJSON, Signing and Raw.
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

// finish calls the function of Mutate, signs the ID token and adds it to the
// response.
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
