package session

import (
	"encoding/binary"

	"webapp/internal/ports"
)

const claimsVersion = 1

func encodeClaims(claims []ports.Claim) []byte {
	b := []byte{claimsVersion}
	b = binary.AppendUvarint(b, uint64(len(claims)))
	for _, c := range claims {
		b = appendText(b, c.Name)
		b = appendText(b, c.Value)
	}
	return b
}

func decodeClaims(data []byte) ([]ports.Claim, error) {
	r := newReader(data)
	if r.octet() != claimsVersion {
		return nil, errUnreadable
	}
	var claims []ports.Claim
	if n := r.count(); n > 0 {
		claims = make([]ports.Claim, n)
	}
	for i := range claims {
		claims[i] = ports.Claim{Name: r.text(), Value: r.text()}
	}
	if err := r.done(); err != nil {
		return nil, err
	}
	return claims, nil
}
