package session

import (
	"time"
	"unicode/utf8"

	"github.com/alexedwards/scs/v2"

	"webapp/internal/ports"
)

// keptSession is the content of a session's record. It is small, because it is
// read with every request.
type keptSession struct {
	ports.Session
	// indexedBy is the ID of the key that the indexes were made with.
	indexedBy keyID
}

// codec encodes the session data of scs: one *keptSession with the name
// sessionValue.
type codec struct{}

var _ scs.Codec = codec{}

const sessionValue = "session"

// Encode ignores the deadline. The session has its Expires.
func (codec) Encode(_ time.Time, values map[string]any) ([]byte, error) {
	s, ok := values[sessionValue].(*keptSession)
	if !ok {
		return nil, errUnreadable
	}
	return encodeSession(s), nil
}

// Decode returns errUnreadable for bytes that Encode did not write.
func (codec) Decode(data []byte) (time.Time, map[string]any, error) {
	s, err := decodeSession(data)
	if err != nil {
		return time.Time{}, nil, err
	}
	return s.Expires, map[string]any{sessionValue: s}, nil
}

// The version bytes of a session record. With sessionWithGroups, Groups are at its end.
const (
	sessionVersion    = 1
	sessionWithGroups = 2
)

// maxDevice is the longest name of a device in bytes. Browsers choose it freely.
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
	if s.StepUp != "" {
		flags |= hasStepUp
	}
	if !id.AuthTime.IsZero() || len(id.AuthContexts) > 0 {
		flags |= hasAuthentication
	}
	b := make([]byte, 0, 288)
	version := byte(sessionVersion)
	if s.Groups != nil {
		version = sessionWithGroups
	}
	b = append(b, version, flags)
	b = append(b, s.indexedBy[:]...)
	b = appendIDs(b, flags, id)
	for _, text := range []string{id.Subject, id.Name, id.Username, clip(s.Device, maxDevice)} {
		b = appendText(b, text)
	}
	b = appendTexts(b, id.Roles)
	b = appendTime(b, s.Started)
	b = appendTime(b, s.Seen)
	b = appendTime(b, s.Expires)
	if flags&hasStepUp != 0 {
		b = appendText(b, s.StepUp)
	}
	if flags&hasAuthentication != 0 {
		b = appendTime(b, id.AuthTime)
		b = appendTexts(b, id.AuthContexts)
	}
	if version == sessionWithGroups {
		b = appendGroups(b, s.Groups)
	}
	return b
}

func decodeSession(data []byte) (*keptSession, error) {
	r := newReader(data)
	version := r.octet()
	if version != sessionVersion && version != sessionWithGroups {
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
	if flags&hasStepUp != 0 {
		s.StepUp = r.text()
	}
	if flags&hasAuthentication != 0 {
		s.Identity.AuthTime = r.time()
		s.Identity.AuthContexts = r.texts()
	}
	if version == sessionWithGroups {
		s.Groups = readGroups(r)
	}
	if err := r.done(); err != nil {
		return nil, err
	}
	if len(s.Device) > maxDevice {
		return nil, errUnreadable
	}
	return s, nil
}

// The flags of a session record. They keep it small: GUIDs take 16 bytes, an
// issuer is written without its tenant ID, and the issuer of Entra's public cloud
// is not written.
const (
	isGuest = 1 << iota
	tenantIsGUID
	objectIsGUID
	providerSessionIsGUID
	issuerNamesTenant
	issuerIsCommon
	hasStepUp
	// hasAuthentication says that the record has AuthTime and AuthContexts. Records of
	// earlier versions of this program have neither.
	hasAuthentication
)
