package fakeidp

import (
	"crypto/rand"
	"crypto/rsa"
	"maps"
	"slices"
	"sync"
)

const keyBits = 2048

// signingKey is one key of the provider.
type signingKey struct {
	id      string
	private *rsa.PrivateKey
	// tenantID, where set, is the only tenant that the key signs for.
	tenantID string
}

// keyStore holds the keys that sign and that are published. Keys are made at
// their first use, because making one takes a noticeable time.
type keyStore struct {
	newID func() string

	mu      sync.Mutex
	first   *rsa.PrivateKey
	current map[string]*signingKey // by tenant ID; "" is the common key
	old     []*signingKey          // still published
	retired []*signingKey          // no longer published; recognised at sign-out
	foreign *signingKey            // never published
}

// maxOldKeys bounds what repeated rotation leaves behind.
const maxOldKeys = 16

func newKeyStore(first *rsa.PrivateKey, newID func() string) *keyStore {
	return &keyStore{first: first, newID: newID, current: make(map[string]*signingKey)}
}

// sign returns the key that signs for tenantID, or the common one for "".
func (k *keyStore) sign(tenantID string) (*signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.current[tenantID]; key != nil {
		return key, nil
	}
	key, err := k.make(tenantID)
	if err == nil {
		k.current[tenantID] = key
	}
	return key, err
}

// stranger returns a key that the key set never lists.
func (k *keyStore) stranger() (*signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.foreign != nil {
		return k.foreign, nil
	}
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	k.foreign = &signingKey{id: k.newID(), private: private}
	return k.foreign, nil
}

func (k *keyStore) make(tenantID string) (*signingKey, error) {
	private := k.first
	k.first = nil
	if private == nil || tenantID != "" {
		k.first = private
		var err error
		if private, err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
			return nil, err
		}
	}
	return &signingKey{id: k.newID(), private: private, tenantID: tenantID}, nil
}

// published lists the keys of the key set, the current ones first.
func (k *keyStore) published() []*signingKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	var keys []*signingKey
	for _, tenantID := range slices.Sorted(maps.Keys(k.current)) {
		keys = append(keys, k.current[tenantID])
	}
	return append(keys, k.old...)
}

// known lists every key that has ever signed.
func (k *keyStore) known() []*signingKey {
	keys := k.published()
	k.mu.Lock()
	defer k.mu.Unlock()
	return append(keys, k.retired...)
}

// rotate replaces all signing keys.
func (k *keyStore) rotate(keepOld bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for tenantID, key := range k.current {
		k.old = append(k.old, key)
		delete(k.current, tenantID)
	}
	if !keepOld {
		k.retired = append(k.retired, k.old...)
		k.old = nil
	}
	k.old = k.old[max(0, len(k.old)-maxOldKeys):]
	k.retired = k.retired[max(0, len(k.retired)-maxOldKeys):]
}

// OldKeys says what a rotation does with the keys that signed so far.
type OldKeys bool

// The choices of RotateKeys.
const (
	KeepOldKeys OldKeys = true  // they stay in the key set
	DropOldKeys OldKeys = false // they leave it at once
)

// RotateKeys makes the provider sign with new keys from now on.
func (p *Provider) RotateKeys(old OldKeys) { p.keys.rotate(bool(old)) }
