package session

import (
	"encoding/binary"
	"strings"

	"webapp/internal/ports"
)

// The flags of a session record. There is one such record for each signed-in
// browser, so GUIDs are packed, an issuer is kept without the tenant ID that it
// repeats, and what remains of Entra's own is not kept at all.
const (
	isGuest = 1 << iota
	tenantIsGUID
	objectIsGUID
	providerSessionIsGUID
	issuerNamesTenant
	issuerIsCommon
)

// commonIssuer is the issuer of Entra's public cloud without the tenant ID,
// which belongs at commonTenant.
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
	set(issuerNamesTenant, isGUID(id.TenantID) && strings.Contains(id.Issuer, id.TenantID))
	set(issuerIsCommon, flags&issuerNamesTenant != 0 &&
		id.Issuer == commonIssuer[:commonTenant]+id.TenantID+commonIssuer[commonTenant:])
	return flags
}

// appendIDs writes what readIDs reads.
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

// readIDs reads the fields that may be packed and unpacks them all into one
// string, which costs one allocation instead of four.
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

// readIssuer returns the issuer without the tenant ID, and where that belongs.
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
