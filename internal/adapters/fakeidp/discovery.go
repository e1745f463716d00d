package fakeidp

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
)

// serveMetadata answers the discovery document (OpenID Connect Discovery 1.0,
// section 4) with the members that Entra's has. code_challenge_methods_supported
// is not among them, though PKCE is supported.
func (p *Provider) serveMetadata(w http.ResponseWriter, r *http.Request) {
	at, refused := p.authority(r.PathValue("tenant"))
	if refused != nil {
		p.answerError(w, r, refused)
		return
	}
	document := p.metadataOf(at)
	p.mu.Lock()
	change := p.metadata
	p.mu.Unlock()
	if change != nil {
		change(at.segment, document)
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "max-age=86400, private")
	answerJSON(w, http.StatusOK, document)
}

func (p *Provider) metadataOf(at authority) map[string]any {
	tenantID, segment := tenantPlaceholder, at.segment
	if at.tenant != nil {
		tenantID, segment = at.tenant.ID, at.tenant.ID
	}
	under := p.base() + "/" + segment
	return map[string]any{
		"issuer":                                p.issuer(tenantID),
		"authorization_endpoint":                under + "/oauth2/v2.0/authorize",
		"token_endpoint":                        under + "/oauth2/v2.0/token",
		"end_session_endpoint":                  under + "/oauth2/v2.0/logout",
		"jwks_uri":                              under + "/discovery/v2.0/keys",
		"userinfo_endpoint":                     p.base() + pathUserInfo,
		"token_endpoint_auth_methods_supported": p.config.TokenAuthMethods,
		"response_modes_supported":              []string{"query", "form_post"},
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"claims_supported": []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce",
			"preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"},
		"request_uri_parameter_supported": false,
		"http_logout_supported":           true,
		"frontchannel_logout_supported":   true,
		"tenant_region_scope":             "EU",
		"cloud_instance_name":             cloudName,
		"cloud_graph_host_name":           "graph.windows.net",
		"msgraph_host":                    p.base(),
	}
}

const cloudName = "fakeidp.example"

// serveKeys answers the key set (RFC 7517, section 5). Each key has Entra's
// extra member issuer; go-jose and others ignore it.
func (p *Provider) serveKeys(w http.ResponseWriter, r *http.Request) {
	at, refused := p.authority(r.PathValue("tenant"))
	if refused != nil {
		p.answerError(w, r, refused)
		return
	}
	if err := p.makeKeys(at); err != nil {
		p.answerError(w, r, newError(90000, "The signing keys could not be made."))
		return
	}
	keys := make([]any, 0, 4)
	for _, key := range p.keys.published() {
		if key.tenantID == "" || at.accepts(key.tenantID) {
			keys = append(keys, p.jwk(key))
		}
	}
	document := map[string]any{"keys": keys}
	p.mu.Lock()
	change := p.keySet
	p.mu.Unlock()
	if change != nil {
		change(at.segment, document)
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "max-age=86400, private")
	answerJSON(w, http.StatusOK, document)
}

// makeKeys makes every key that could sign for an authority, so that its key
// set is complete before the first sign-in.
func (p *Provider) makeKeys(at authority) error {
	if _, err := p.keys.sign(""); err != nil {
		return err
	}
	for _, t := range p.config.Tenants {
		if t.OwnKey && at.accepts(t.ID) {
			if _, err := p.keys.sign(t.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Provider) jwk(key *signingKey) map[string]any {
	issuer := p.issuer(tenantPlaceholder)
	if key.tenantID != "" {
		issuer = p.issuer(key.tenantID)
	}
	public := key.private.PublicKey
	return map[string]any{
		"kty":                 "RSA",
		"use":                 "sig",
		"kid":                 key.id,
		"n":                   base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		"e":                   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		"issuer":              issuer,
		"cloud_instance_name": cloudName,
	}
}

// MutateMetadata lets f change each discovery document before it is sent;
// tenant is the authority's segment. nil takes the last f away.
func (p *Provider) MutateMetadata(f func(tenant string, document map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.metadata = f
}

// MutateKeys lets f change each key set before it is sent. Its member "keys"
// is a []any of map[string]any. nil takes the last f away.
func (p *Provider) MutateKeys(f func(tenant string, document map[string]any)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keySet = f
}

func answerJSON(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document) // fails only when the client is gone
}

// answerError answers an error as JSON, as the endpoints without pages do.
func (p *Provider) answerError(w http.ResponseWriter, r *http.Request, err *Error) {
	body := maps.Clone(p.report(err, correlationID(r)).body())
	answerJSON(w, err.status(), body)
}
