package redis

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"webapp/internal/ports"
)

// A version is a random number, the origin, followed by the number of changes since
// the record was created. The origin distinguishes a record from earlier and later
// records with the same key.
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

// next returns the version after v. Only one Replace of v succeeds, so the result is
// as unique as v.
func next(v ports.Version) (ports.Version, error) {
	if v&countMask == countMask {
		return ports.AnyVersion, errWornOut
	}
	return v + 1, nil
}

// originSize is the length of an origin as text.
const originSize = 11

// origin returns the part that all versions of one record share.
func origin(v ports.Version) string { return fmt.Sprintf("%0*x", originSize, int64(v)>>countBits) }

// stored returns the value for the server: the version in eight bytes, big endian,
// then the record's value.
func stored(v ports.Version, value []byte) []byte {
	return append(versionBytes(v, len(value)), value...)
}

// versionBytes returns the bytes of v, with capacity for room more.
func versionBytes(v ports.Version, room int) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 0, versionSize+room), uint64(v))
}

// readVersion returns the version at the beginning of a stored value.
func readVersion(b []byte) (ports.Version, bool) {
	if len(b) < versionSize {
		return ports.AnyVersion, false
	}
	return ports.Version(binary.BigEndian.Uint64(b)), true
}

// maxValue is the largest value of a record. Sessions need much less. Larger values
// would delay all other commands of the server.
const maxValue = 1 << 20

func checkSize(value []byte) error {
	if len(value) > maxValue {
		return fmt.Errorf("redis: a value of %d bytes is larger than %d bytes", len(value), maxValue)
	}
	return nil
}
