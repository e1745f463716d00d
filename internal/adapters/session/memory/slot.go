package memory

import (
	"encoding/base64"
	"hash/maphash"
)

// slot holds one record: 48 bytes, and a string that Key and value share.
type slot struct {
	// record is the key, packed where it can be, and the value.
	record  string
	expires int64 // Unix nanoseconds
	version int64
	next    uint32 // in the same bucket of the key table
	entry   uint32 // the first of its indexes
	duePos  uint32 // where due has it
	keySize uint32 // of the key in record, and packedKey
}

// packedKey marks a key that is kept as the bytes that it is the base64url text of:
// a hash, as the key of a session is, takes 32 bytes instead of 43.
const packedKey = 1 << 31

// hashText is the length of a SHA-256 hash in base64url without padding.
const hashText = 43

// storedKey is a key in the form in which a slot keeps it.
type storedKey struct {
	size uint32
	raw  [32]byte // where it is packed
	text string   // where it is not
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

// record returns what a slot keeps of the key and a value.
func (k *storedKey) record(value []byte) string {
	if k.packed() {
		return string(k.raw[:]) + string(value)
	}
	return k.text + string(value)
}

// hash equals that of slot.kept.
func (k *storedKey) hash(seed maphash.Seed) uint64 {
	if k.packed() {
		return maphash.Bytes(seed, k.raw[:])
	}
	return maphash.String(seed, k.text)
}

// kept returns the key as it is kept.
func (sl *slot) kept() string { return sl.record[:sl.keySize&^packedKey] }

// holds reports whether the slot is that of k.
func (sl *slot) holds(k *storedKey) bool {
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

// entry stands for one index of a record: 24 bytes. Entries of one bucket of
// the index table form a chain, and so do those of one record.
type entry struct {
	// index is a hash of the index. With 64 bits and a seed that nobody knows,
	// one of a million other records answers to it by chance once in 18
	// trillion lookups; what it points to says itself whose it is.
	index      uint64
	slot       uint32
	next, prev uint32 // in the same bucket
	sibling    uint32 // the next one of the same record
}
