package session

import (
	"encoding/binary"

	"webapp/internal/ports"
)

// Bits of the octet before a grant's groups.
const (
	groupsOverage = 1 << iota
	groupsDated
	groupsPacked
)

// appendGroups writes object IDs as 16 bytes each where all of them are GUIDs:
// there can be thousands.
func appendGroups(b []byte, g ports.Groups) []byte {
	flags := byte(groupsPacked)
	for _, id := range g.IDs {
		if !isGUID(id) {
			flags = 0
		}
	}
	if g.Overage {
		flags |= groupsOverage
	}
	if !g.AsOf.IsZero() {
		flags |= groupsDated
	}
	b = append(b, flags)
	if flags&groupsDated != 0 {
		b = appendTime(b, g.AsOf)
	}
	if flags&groupsPacked == 0 {
		return appendTexts(b, g.IDs)
	}
	b = binary.AppendUvarint(b, uint64(len(g.IDs)))
	for _, id := range g.IDs {
		b = packGUID(b, id)
	}
	return b
}

func (r *reader) groups() ports.Groups {
	flags := r.octet()
	g := ports.Groups{Overage: flags&groupsOverage != 0}
	if flags&groupsDated != 0 {
		g.AsOf = r.time()
	}
	if flags&groupsPacked == 0 {
		g.IDs = r.texts()
		return g
	}
	n := r.count()
	raw := r.take(uint64(n) * guidSize)
	if raw == "" {
		return g
	}
	text := make([]byte, 0, n*guidText)
	for i := range n {
		text = unpackGUID(text, raw[i*guidSize:(i+1)*guidSize])
	}
	whole := string(text)
	g.IDs = make([]string, n)
	for i := range g.IDs {
		g.IDs[i] = whole[i*guidText : (i+1)*guidText]
	}
	return g
}
