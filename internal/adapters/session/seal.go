package session

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/crypto/chacha20poly1305"
)

// keySize is the length of each key in Config.Keys.
const keySize = 32

// Each value is authenticated together with its place and its name. If somebody
// moves a value to another name, or from a cookie to a record, it cannot be
// decrypted.
const (
	inCookie = "cookie:"
	inRecord = "record:"
)

// sealer encrypts and authenticates with XChaCha20-Poly1305. Its nonce is long
// enough to be random for any number of values.
//
// A sealed value is a key ID, a nonce and the ciphertext with its tag.
type sealer struct {
	keys []sealingKey
}

// keyID is a short ID of a key, which a sealed value starts with. Two keys can have
// the same ID.
type keyID [2]byte

type sealingKey struct {
	id       keyID
	aead     cipher.AEAD
	indexing *sync.Pool // of HMAC-SHA-256, which costs more to make than to use
}

func newSealer(secrets [][]byte, realm string) (*sealer, error) {
	if len(secrets) == 0 {
		return nil, errors.New("no key")
	}
	s := &sealer{}
	for i, secret := range secrets {
		if len(secret) != keySize {
			return nil, fmt.Errorf("key %d has %d bytes instead of %d", i+1, len(secret), keySize)
		}
		key, err := newSealingKey(secret, realm)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		s.keys = append(s.keys, key)
	}
	return s, nil
}

// newSealingKey derives the encryption key, a key ID and the key of indexes for
// one realm (HKDF, RFC 5869). The ID reveals nothing about the keys.
func newSealingKey(secret []byte, realm string) (sealingKey, error) {
	derived, err := hkdf.Key(sha256.New, secret, nil, "webapp session sealing 1 "+realm, chacha20poly1305.KeySize+2)
	if err != nil {
		return sealingKey{}, err
	}
	aead, err := chacha20poly1305.NewX(derived[:chacha20poly1305.KeySize])
	if err != nil {
		return sealingKey{}, err
	}
	indexing, err := hkdf.Key(sha256.New, secret, nil, "webapp session indexing 1 "+realm, sha256.Size)
	if err != nil {
		return sealingKey{}, err
	}
	macs := &sync.Pool{New: func() any { return hmac.New(sha256.New, indexing) }}
	return sealingKey{id: keyID(derived[chacha20poly1305.KeySize:]), aead: aead, indexing: macs}, nil
}

// first returns the key that seals.
func (s *sealer) first() *sealingKey { return &s.keys[0] }

// key returns the key with this ID, or nil.
func (s *sealer) key(id keyID) *sealingKey {
	for i := range s.keys {
		if s.keys[i].id == id {
			return &s.keys[i]
		}
	}
	return nil
}

// indexes calls of for each key and returns the indexes. A look-up needs all of them,
// because a record keeps the index of the key with which it was created.
func (s *sealer) indexes(of func(*sealingKey) string) []string {
	indexes := make([]string, len(s.keys))
	for i := range s.keys {
		indexes[i] = of(&s.keys[i])
	}
	return indexes
}

// indexable reports whether the session can be found by its indexes. A session that
// cannot be found cannot be ended, so it is invalid.
func (s *sealer) indexable(session *keptSession) bool { return s.key(session.indexedBy) != nil }

// seal encrypts plain with the first key, for this place and name.
func (s *sealer) seal(place, name string, plain []byte) []byte {
	key := s.keys[0]
	head := len(key.id) + key.aead.NonceSize()
	out := make([]byte, head, head+len(plain)+key.aead.Overhead())
	copy(out, key.id[:])
	nonce := out[len(key.id):head]
	rand.Read(nonce) // never fails, see crypto/rand
	return key.aead.Seal(out, nonce, plain, []byte(place+name))
}

// open decrypts a value that seal made for the same place and name, with any of
// the keys. It returns false for anything else. It overwrites sealed with the
// plaintext.
func (s *sealer) open(place, name string, sealed []byte) ([]byte, bool) {
	for i, key := range s.keys {
		head := len(key.id) + key.aead.NonceSize()
		if len(sealed) < head || keyID(sealed) != key.id {
			continue
		}
		into := sealed[head:head]
		if s.sameID(i) {
			into = nil // the wrong key would overwrite the value
		}
		plain, err := key.aead.Open(into, sealed[len(key.id):head], sealed[head:], []byte(place+name))
		if err == nil {
			return plain, true
		}
	}
	return nil, false
}

// sameID reports whether a key after the i-th has the same ID.
func (s *sealer) sameID(i int) bool {
	for _, other := range s.keys[i+1:] {
		if other.id == s.keys[i].id {
			return true
		}
	}
	return false
}
