package fakeidp

import (
	"encoding/base64"
	"math/big"
	"net/http"
)

// serveKeys responds with the key set (RFC 7517, section 5). Each key has Entra's
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
