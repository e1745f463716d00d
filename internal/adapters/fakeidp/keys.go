package fakeidp

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"sync"
)

const keyBits = 2048

// signingKey is one key of the provider.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
	// tenantID is the only tenant that the key signs for. Empty means all.
	tenantID string
}

// keyStore contains the signing keys. It generates a key only when the key is first
// needed, because generating one is slow.
type keyStore struct {
	mu      sync.Mutex
	newKey  func() (*rsa.PrivateKey, error)
	current map[string]*signingKey // by tenant ID; "" is the common key
	next    map[string]*signingKey // published, and current after the next rotation
	old     []*signingKey          // still published
	retired []*signingKey          // no longer published; id_token_hint may use one
	foreign *signingKey            // never published
}

// maxOldKeys bounds old and retired.
const maxOldKeys = 16

// newKeyStore returns a keyStore that gets its keys from newKey, or generates them if
// newKey is nil.
func newKeyStore(newKey func() (*rsa.PrivateKey, error)) *keyStore {
	if newKey == nil {
		newKey = func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) }
	}
	return &keyStore{newKey: newKey, current: make(map[string]*signingKey), next: make(map[string]*signingKey)}
}

// sign returns the current key of tenantID, or the common key for "". It
// generates the key if there is none.
func (k *keyStore) sign(tenantID string) (*signingKey, error) { return k.in(&k.current, tenantID) }

// announce generates the key that follows the current one, if there is none.
func (k *keyStore) announce(tenantID string) error {
	_, err := k.in(&k.next, tenantID)
	return err
}

// in returns the key of tenantID in keys, which mu guards. It generates the key if there
// is none.
func (k *keyStore) in(keys *map[string]*signingKey, tenantID string) (*signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := (*keys)[tenantID]; key != nil {
		return key, nil
	}
	key, err := k.make(tenantID)
	if err == nil {
		(*keys)[tenantID] = key
	}
	return key, err
}

// unpublished returns a key that is never in the key set.
func (k *keyStore) unpublished() (*signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.foreign != nil {
		return k.foreign, nil
	}
	var err error
	k.foreign, err = k.make("")
	return k.foreign, err
}

func (k *keyStore) make(tenantID string) (*signingKey, error) {
	private, err := k.newKey()
	if err != nil {
		return nil, err
	}
	return &signingKey{id: guid(), private: private, tenantID: tenantID}, nil
}

// published returns the keys of the key set, the current ones first.
func (k *keyStore) published() []*signingKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	var keys []*signingKey
	for _, made := range []map[string]*signingKey{k.current, k.next} {
		for _, tenantID := range slices.Sorted(maps.Keys(made)) {
			keys = append(keys, made[tenantID])
		}
	}
	return append(keys, k.old...)
}

// known returns the keys of the key set and the retired ones.
func (k *keyStore) known() []*signingKey {
	keys := k.published()
	k.mu.Lock()
	defer k.mu.Unlock()
	return append(keys, k.retired...)
}

// rotate replaces all signing keys, by the announced ones if there are any.
func (k *keyStore) rotate(keepOld bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.old = slices.AppendSeq(k.old, maps.Values(k.current))
	k.current, k.next = k.next, make(map[string]*signingKey)
	if !keepOld {
		k.retired = append(k.retired, k.old...)
		k.old = nil
	}
	k.old = k.old[max(0, len(k.old)-maxOldKeys):]
	k.retired = k.retired[max(0, len(k.retired)-maxOldKeys):]
}

// OldKeys says whether RotateKeys keeps or removes the previous keys.
type OldKeys bool

// KeepOldKeys leaves the old keys in the key set. DropOldKeys removes them.
const (
	KeepOldKeys OldKeys = true
	DropOldKeys OldKeys = false
)

// RotateKeys replaces the signing keys with new ones.
func (p *Provider) RotateKeys(old OldKeys) { p.keys.rotate(bool(old)) }

// serveKeys serves the key set (RFC 7517, section 5). Each key has the member
// issuer, which Entra adds and most libraries ignore.
func (p *Provider) serveKeys(w http.ResponseWriter, r *http.Request) {
	at, refused := p.authority(r.PathValue("tenant"))
	if refused != nil {
		p.writeError(w, r, refused)
		return
	}
	if err := p.makeKeys(at); err != nil {
		p.writeError(w, r, newError(90000, "The signing keys could not be made."))
		return
	}
	keys := make([]any, 0, 4)
	for _, key := range p.keys.published() {
		if key.tenantID == "" || at.accepts(key.tenantID) {
			keys = append(keys, p.jwk(key, at))
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
	writeJSON(w, http.StatusOK, document)
}

// makeKeys generates the keys of an authority that are missing, so that the key
// set is complete before the first sign-in.
func (p *Provider) makeKeys(at authority) error {
	signers := []string{""}
	for _, t := range p.config.Tenants {
		if t.OwnKey && at.accepts(t.ID) {
			signers = append(signers, t.ID)
		}
	}
	for _, tenantID := range signers {
		if _, err := p.keys.sign(tenantID); err != nil {
			return err
		}
		if p.config.NextKeys {
			if err := p.keys.announce(tenantID); err != nil {
				return err
			}
		}
	}
	return nil
}

// jwk returns a key of the key set. The keys of a user flow name no issuer.
func (p *Provider) jwk(key *signingKey, at authority) map[string]any {
	issuer := p.issuer(tenantPlaceholder)
	if key.tenantID != "" {
		issuer = p.issuer(key.tenantID)
	}
	public := key.private.PublicKey
	jwk := map[string]any{
		"kty":                 "RSA",
		"use":                 "sig",
		"kid":                 key.id,
		"n":                   base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
		"e":                   base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		"issuer":              issuer,
		"cloud_instance_name": cloudName,
	}
	if at.flow != nil {
		delete(jwk, "issuer")
		delete(jwk, "cloud_instance_name")
	}
	return jwk
}
