package redis

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"webapp/internal/ports"
)

// A version is a number that is drawn when the record is created, its origin,
// and behind that a count of the changes since. The origin tells the record
// from others that had its key before or will have it, also in an index, and
// instances need not agree on anything to draw it.
const (
	countBits   = 20
	countMask   = 1<<countBits - 1
	versionSize = 8
)

var errWornOut = errors.New("redis: the record has been changed too often")

// newVersion returns the version of a new record.
func newVersion() ports.Version {
	var b [versionSize]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		v := ports.Version(binary.BigEndian.Uint64(b[:])>>1) &^ countMask
		if v != ports.AnyVersion {
			return v
		}
	}
}

// next returns the version that follows v. Only one Replace of v succeeds, so
// it is as unique as v.
func next(v ports.Version) (ports.Version, error) {
	if v&countMask == countMask {
		return ports.AnyVersion, errWornOut
	}
	return v + 1, nil
}

// originSize is the length of an origin as text.
const originSize = 11

// origin returns what all versions of one record have in common.
func origin(v ports.Version) string { return fmt.Sprintf("%0*x", originSize, int64(v)>>countBits) }

// stored returns what the server keeps: the version in eight bytes, big endian,
// and the value.
func stored(v ports.Version, value []byte) []byte {
	return append(versionBytes(v, len(value)), value...)
}

// versionBytes returns v with room for more behind it.
func versionBytes(v ports.Version, room int) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 0, versionSize+room), uint64(v))
}

// readVersion returns the version at the beginning of what the server keeps.
func readVersion(b []byte) (ports.Version, bool) {
	if len(b) < versionSize {
		return ports.AnyVersion, false
	}
	return ports.Version(binary.BigEndian.Uint64(b)), true
}

// maxValue bounds a record's value. It is far above what a session needs and
// below what would hold up a server that does one thing at a time.
const maxValue = 1 << 20

func checkSize(value []byte) error {
	if len(value) > maxValue {
		return fmt.Errorf("redis: a value of %d bytes is more than a record may hold (%d)", len(value), maxValue)
	}
	return nil
}
