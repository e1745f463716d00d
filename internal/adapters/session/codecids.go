package session

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"webapp/internal/ports"
)

// The identifiers of a session record: tenant, object, provider session, issuer and groups.

// commonIssuer is the issuer of Entra's public cloud without the tenant ID.
// commonTenant is the offset of the tenant ID.
const (
	commonIssuer = "https://login.microsoftonline.com//v2.0"
	commonTenant = len("https://login.microsoftonline.com/")
)

func sessionFlags(id *ports.Identity) byte {
	var flags byte
	set := func(flag byte, on bool) {
		if on {
			flags |= flag
		}
	}
	set(isGuest, id.Guest)
	set(tenantIsGUID, isGUID(id.TenantID))
	set(objectIsGUID, isGUID(id.ObjectID))
	set(providerSessionIsGUID, isGUID(id.ProviderSession))
	before, after, found := strings.Cut(id.Issuer, id.TenantID)
	set(issuerNamesTenant, flags&tenantIsGUID != 0 && found)
	set(issuerIsCommon, flags&issuerNamesTenant != 0 &&
		before == commonIssuer[:commonTenant] && after == commonIssuer[commonTenant:])
	return flags
}

// appendIDs writes the fields that readIDs reads.
func appendIDs(b []byte, flags byte, id *ports.Identity) []byte {
	b = appendID(b, id.TenantID, flags&tenantIsGUID != 0)
	b = appendID(b, id.ObjectID, flags&objectIsGUID != 0)
	b = appendID(b, id.ProviderSession, flags&providerSessionIsGUID != 0)
	switch {
	case flags&issuerIsCommon != 0:
	case flags&issuerNamesTenant != 0:
		at := strings.Index(id.Issuer, id.TenantID)
		b = binary.AppendUvarint(b, uint64(at))
		b = appendText(b, id.Issuer[:at]+id.Issuer[at+guidText:])
	default:
		b = appendText(b, id.Issuer)
	}
	return b
}

func appendID(b []byte, id string, guid bool) []byte {
	if guid {
		return packGUID(b, id)
	}
	return appendText(b, id)
}

// readIDs reads the IDs and the issuer. They share one string, which saves three
// allocations.
func readIDs(r *reader, flags byte, id *ports.Identity) {
	var room [256]byte
	out := room[:0]
	var ends [4]int
	for i, flag := range [...]byte{tenantIsGUID, objectIsGUID, providerSessionIsGUID} {
		if flags&flag != 0 {
			out = unpackGUID(out, r.take(guidSize))
		} else {
			out = append(out, r.text()...)
		}
		ends[i] = len(out)
	}
	issuer, at := readIssuer(r, flags)
	if at > uint64(len(issuer)) {
		r.fail()
		return
	}
	out = append(out, issuer[:at]...)
	if flags&issuerNamesTenant != 0 {
		out = append(out, out[:ends[0]]...)
	}
	out = append(out, issuer[at:]...)
	all := string(out)
	id.TenantID = all[:ends[0]]
	id.ObjectID = all[ends[0]:ends[1]]
	id.ProviderSession = all[ends[1]:ends[2]]
	id.Issuer = all[ends[2]:]
}

// appendGroups writes one byte that says whether all groups are GUIDs, then their number
// and the groups. A GUID takes 16 bytes.
func appendGroups(b []byte, groups []string) []byte {
	guids := !slices.ContainsFunc(groups, func(id string) bool { return !isGUID(id) })
	if !guids {
		return appendTexts(append(b, 0), groups)
	}
	b = binary.AppendUvarint(append(b, 1), uint64(len(groups)))
	for _, id := range groups {
		b = packGUID(b, id)
	}
	return b
}

// readGroups reads what appendGroups wrote. All GUIDs are parts of one string, which saves
// allocations.
func readGroups(r *reader) []string {
	if r.octet() == 0 {
		return r.texts()
	}
	n := r.count()
	packed := r.take(uint64(n) * guidSize)
	if r.failed {
		return nil
	}
	var room [50 * guidText]byte
	text := room[:0]
	for i := range n {
		text = unpackGUID(text, packed[i*guidSize:(i+1)*guidSize])
	}
	all, groups := string(text), make([]string, n)
	for i := range groups {
		groups[i] = all[i*guidText : (i+1)*guidText]
	}
	return groups
}

// readIssuer returns the issuer without the tenant ID, and the offset of the
// tenant ID.
func readIssuer(r *reader, flags byte) (string, uint64) {
	if flags&issuerIsCommon != 0 {
		return commonIssuer, uint64(commonTenant)
	}
	var at uint64
	if flags&issuerNamesTenant != 0 {
		at = r.uvarint()
	}
	return r.text(), at
}

// guidSize is the length of a GUID as bytes, guidText as lower-case text.
const (
	guidSize = 16
	guidText = 36
)

// isGUID reports whether s is a GUID in lower case with hyphens, which unpackGUID
// returns unchanged.
func isGUID(s string) bool {
	if len(s) != guidText {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// packGUID appends the 16 bytes of a GUID.
func packGUID(b []byte, s string) []byte {
	digits := make([]byte, 0, 2*guidSize)
	for _, part := range []string{s[:8], s[9:13], s[14:18], s[19:23], s[24:]} {
		digits = append(digits, part...)
	}
	b, _ = hex.AppendDecode(b, digits)
	return b
}

// unpackGUID appends the text of a GUID.
func unpackGUID(b []byte, raw string) []byte {
	const digits = "0123456789abcdef"
	for i := range len(raw) {
		switch i {
		case 4, 6, 8, 10:
			b = append(b, '-')
		}
		b = append(b, digits[raw[i]>>4], digits[raw[i]&0xf])
	}
	return b
}
