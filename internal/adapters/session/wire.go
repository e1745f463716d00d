package session

import (
	"encoding/binary"
	"errors"
	"time"
)

// The session record has a small binary form, because it is read with every
// request: a version byte, then the fields in a fixed order. Texts and lists have
// their length in front. Numbers are varints (encoding/binary). With CBOR or JSON a
// session takes 100 to 200 bytes more.

// errUnreadable means that this version of the program did not write the bytes.
var errUnreadable = errors.New("unreadable record")

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendTexts(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

// appendTime writes the time to the nanosecond. A whole second takes six bytes.
func appendTime(b []byte, t time.Time) []byte {
	b = binary.AppendVarint(b, t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

// reader reads the fields. Its texts share one copy of the input. After the first
// error it returns zero values only, so callers check done once, at the end.
type reader struct {
	rest   string
	failed bool
}

func newReader(data []byte) *reader { return &reader{rest: string(data)} }

// done returns errUnreadable after an error, or if there are bytes left.
func (r *reader) done() error {
	if r.failed || r.rest != "" {
		return errUnreadable
	}
	return nil
}

func (r *reader) fail() {
	r.failed, r.rest = true, ""
}

// take returns the next n bytes.
func (r *reader) take(n uint64) string {
	if n > uint64(len(r.rest)) {
		r.fail()
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

func (r *reader) octet() byte {
	if s := r.take(1); s != "" {
		return s[0]
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	var n uint64
	for i := 0; i < len(r.rest) && i < binary.MaxVarintLen64; i++ {
		c := r.rest[i]
		n |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return n
		}
	}
	r.fail()
	return 0
}

func (r *reader) varint() int64 {
	n := r.uvarint()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) text() string { return r.take(r.uvarint()) }

// count reads the length of a list. It fails if the list has more elements than
// there are bytes left, so that a few bytes cannot allocate much memory.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) texts() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.text()
	}
	return list
}

func (r *reader) time() time.Time {
	sec := r.varint()
	nsec := r.uvarint()
	if nsec >= uint64(time.Second) {
		r.fail()
	}
	if r.failed {
		return time.Time{}
	}
	return time.Unix(sec, int64(nsec)).UTC()
}
