package memory

import (
	"encoding/base64"
	"hash/maphash"
)

// slot is one record. It takes 48 bytes and one string for key and value.
type slot struct {
	// record is the key, packed if possible, followed by the value.
	record  string
	expires int64 // Unix nanoseconds
	version int64
	next    uint32 // in the same bucket of the key table
	entry   uint32 // the first of its indexes
	duePos  uint32 // position in shard.due
	keySize uint32 // length of the key in record, with packedKey
}

// packedKey marks a key that is stored without its base64url encoding. The key of
// a session is a hash, which then takes 32 bytes instead of 43.
const packedKey = 1 << 31

// hashText is the length of a SHA-256 hash in base64url without padding.
const hashText = 43

// storedKey is a key as a slot stores it.
type storedKey struct {
	size uint32
	raw  [32]byte // if packed
	text string   // otherwise
}

func pack(key string) storedKey {
	var k storedKey
	if len(key) == hashText {
		n, err := base64.RawURLEncoding.Strict().Decode(k.raw[:], []byte(key))
		if err == nil && n == len(k.raw) {
			k.size = uint32(n) | packedKey
			return k
		}
	}
	k.size, k.text = uint32(len(key)), key
	return k
}

func (k *storedKey) packed() bool { return k.size&packedKey != 0 }

// record returns the key and a value as slot.record.
func (k *storedKey) record(value []byte) string {
	if k.packed() {
		return string(k.raw[:]) + string(value)
	}
	return k.text + string(value)
}

// hash returns the hash of the key. It is the hash of slot.kept for the same key.
func (k *storedKey) hash(seed maphash.Seed) uint64 {
	if k.packed() {
		return maphash.Bytes(seed, k.raw[:])
	}
	return maphash.String(seed, k.text)
}

// kept returns the key as it is stored.
func (sl *slot) kept() string { return sl.record[:sl.keySize&^packedKey] }

// has reports whether the slot has the key k.
func (sl *slot) has(k *storedKey) bool {
	if sl.keySize != k.size {
		return false
	}
	if k.packed() {
		return sl.kept() == string(k.raw[:])
	}
	return sl.kept() == k.text
}

func (sl *slot) key() string {
	if sl.keySize&packedKey != 0 {
		return base64.RawURLEncoding.EncodeToString([]byte(sl.kept()))
	}
	return sl.kept()
}

func (sl *slot) value() string { return sl.record[sl.keySize&^packedKey:] }

// entry is one index of a record. It takes 24 bytes. The entries of one bucket of
// the index table form a chain, and so do the entries of one record.
type entry struct {
	// index is a hash of the index with a secret seed. Among a million records,
	// one of 18 trillion lookups finds a wrong record. That is harmless, because
	// the record says whose session it is.
	index      uint64
	slot       uint32
	next, prev uint32 // in the same bucket
	sibling    uint32 // the next one of the same record
}
