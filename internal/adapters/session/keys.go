package session

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"

	"webapp/internal/ports"
)

// sessionKey returns the record key for a session token. It is a hash, from which the
// token cannot be derived.
func sessionKey(token string) string { return hashed(token) }

// The keys of the records that belong to a session, from its record key.
func claimsKey(key string) string { return key + ".claims" }
func tokensKey(key string) string { return key + ".tokens" }
func leaseKey(key string) string  { return "lease." + key }

// relatedKeys returns the keys of all other records of the sessions with these record
// keys.
func relatedKeys(keys []string) []string {
	list := make([]string, 0, 3*len(keys))
	for _, key := range keys {
		list = append(list, claimsKey(key), tokensKey(key), leaseKey(key))
	}
	return list
}

// The keys of the records that mark a state or a one-time identifier as used.
func spentKey(state string) string { return "spent." + hashed(state) }
func onceKey(id string) string     { return "once." + hashed(id) }

// listedID returns the ID of a session in a list. It is not the record key, which
// is the value of the reference cookie.
func listedID(key string) string { return hashed("listed." + key) }

// userIndex returns the index of a person's sessions that began under key. A
// subject can be an e-mail address or a number, which a reader of the store could
// guess from a plain hash. So indexes are keyed hashes.
//
// A record keeps the indexes that it was created with. So lookups use the indexes
// of all keys. A session that began under a removed key cannot be found by its
// indexes. It is therefore invalid, even if a Touch has sealed it with another key.
func userIndex(key *sealingKey, issuer, subject string) string {
	return index(key, "user", issuer, subject)
}

// providerIndex returns the index of the sessions of a provider's session. It has
// no issuer, because a front-channel logout may leave it out.
func providerIndex(key *sealingKey, sid string) string { return index(key, "sid", sid) }

// index returns the HMAC-SHA-256 of the parts. Each has its length in front, so
// that different lists never give the same text.
func index(key *sealingKey, parts ...string) string {
	mac := key.indexing.Get().(hash.Hash)
	defer key.indexing.Put(mac)
	mac.Reset()
	text := make([]byte, 0, 256)
	for _, part := range parts {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	mac.Write(text)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(text[:0]))
}

// indexesOf returns all indexes of a session that began under key.
func indexesOf(key *sealingKey, id *ports.Identity) []string {
	indexes := []string{userIndex(key, id.Issuer, id.Subject)}
	if id.ProviderSession != "" {
		indexes = append(indexes, providerIndex(key, id.ProviderSession))
	}
	return indexes
}

// hashed returns the SHA-256 hash of a text. Its buffers are on the stack, because each
// page needs a hash.
func hashed(text string) string {
	sum := sha256.Sum256(append(make([]byte, 0, 2*tokenSize), text...))
	return string(base64.RawURLEncoding.AppendEncode(make([]byte, 0, tokenSize), sum[:]))
}
