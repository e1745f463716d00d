package session

import (
	"time"
	"unicode/utf8"

	"github.com/alexedwards/scs/v2"

	"webapp/internal/ports"
)

// keptSession is what the record of a session holds. It is small, because it is
// read with every request.
type keptSession struct {
	ports.Session
	// indexedBy is the key that made the indexes of the record.
	indexedBy keyID
}

// codec writes the session data of scs, which here is always one *keptSession
// under the name sessionValue.
type codec struct{}

var _ scs.Codec = codec{}

const sessionValue = "session"

// Encode ignores the deadline: it is the session's Expires.
func (codec) Encode(_ time.Time, values map[string]any) ([]byte, error) {
	s, ok := values[sessionValue].(*keptSession)
	if !ok {
		return nil, errUnreadable
	}
	return encodeSession(s), nil
}

// Decode fails with errUnreadable on anything that Encode did not write.
func (codec) Decode(data []byte) (time.Time, map[string]any, error) {
	s, err := decodeSession(data)
	if err != nil {
		return time.Time{}, nil, err
	}
	return s.Expires, map[string]any{sessionValue: s}, nil
}

const sessionVersion = 1

// maxDevice bounds the device's name in bytes: a browser says what it likes.
const maxDevice = 80

// clip cuts s to at most limit bytes, between characters.
func clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

func encodeSession(s *keptSession) []byte {
	id := &s.Identity
	flags := sessionFlags(id)
	b := make([]byte, 0, 288)
	b = append(b, sessionVersion, flags)
	b = append(b, s.indexedBy[:]...)
	b = appendIDs(b, flags, id)
	for _, text := range []string{id.Subject, id.Name, id.Username, clip(s.Device, maxDevice)} {
		b = appendText(b, text)
	}
	b = appendTexts(b, id.Roles)
	b = appendTime(b, s.Started)
	b = appendTime(b, s.Seen)
	return appendTime(b, s.Expires)
}

func decodeSession(data []byte) (*keptSession, error) {
	r := newReader(data)
	if r.octet() != sessionVersion {
		return nil, errUnreadable
	}
	flags := r.octet()
	s := &keptSession{}
	copy(s.indexedBy[:], r.take(uint64(len(s.indexedBy))))
	s.Identity.Guest = flags&isGuest != 0
	readIDs(r, flags, &s.Identity)
	s.Identity.Subject = r.text()
	s.Identity.Name = r.text()
	s.Identity.Username = r.text()
	s.Device = r.text()
	s.Identity.Roles = r.texts()
	s.Started = r.time()
	s.Seen = r.time()
	s.Expires = r.time()
	if err := r.done(); err != nil {
		return nil, err
	}
	if len(s.Device) > maxDevice {
		return nil, errUnreadable
	}
	return s, nil
}
