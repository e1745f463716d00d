package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"webapp/internal/ports"
)

// The keys of records and the indexes are derived here and nowhere else.

// sessionKey is the record key that scs uses for a session token: a hash, from
// which the token cannot be had.
func sessionKey(token string) string { return hashed([]byte(token)) }

// The keys of what belongs to a session, by the session's key.
func claimsKey(key string) string { return key + ".claims" }
func grantKey(key string) string  { return key + ".grant" }
func leaseKey(key string) string  { return "lease." + key }

// belongings returns the keys of all records that a session can have besides
// its own.
func belongings(keys []string) []string {
	list := make([]string, 0, 3*len(keys))
	for _, key := range keys {
		list = append(list, claimsKey(key), grantKey(key), leaseKey(key))
	}
	return list
}

// spentKey is the key of the mark that a state has been used, onceKey of a
// one-time identifier's.
func spentKey(state string) string { return "spent." + hashed([]byte(state)) }
func onceKey(id string) string     { return "once." + hashed([]byte(id)) }

// listedID names a session in a list. It is derived from the record's key and
// not that key itself, which the reference cookie holds.
func listedID(key string) string { return hashed([]byte("listed." + key)) }

// userIndex and providerIndex are where a session is found, with the indexing
// key of one sealing key. A subject can be an e-mail address or a serial
// number, which a plain hash would not hide from a reader of the store who
// guesses; without the key there is nothing to compare a guess with.
//
// Keys rotate, and an index stays as the record was created. So a lookup goes
// through the indexes of all keys, and a session that began under a key that
// has been removed is no session any more, also if a Touch has sealed it anew:
// otherwise it could not be found to be ended.
func userIndex(key *sealingKey, issuer, subject string) string {
	return index(key, "user", issuer, subject)
}

// providerIndex leaves the issuer out, because a front-channel logout may.
func providerIndex(key *sealingKey, sid string) string { return index(key, "sid", sid) }

// index is HMAC-SHA-256 over the parts, each with its length in front, so that
// no two lists of parts read the same.
func index(key *sealingKey, parts ...string) string {
	mac := hmac.New(sha256.New, key.indexing)
	var text []byte
	for _, part := range parts {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	mac.Write(text)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// indexesOf returns the indexes of a session that began under key.
func indexesOf(key *sealingKey, id *ports.Identity) []string {
	indexes := []string{userIndex(key, id.Issuer, id.Subject)}
	if id.ProviderSession != "" {
		indexes = append(indexes, providerIndex(key, id.ProviderSession))
	}
	return indexes
}

func hashed(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
