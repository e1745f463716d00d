package session

import (
	"encoding/binary"

	"webapp/internal/ports"
)

const pendingVersion = 1

func encodePending(p *ports.PendingSignIn) []byte {
	b := []byte{pendingVersion}
	b = appendText(b, p.State)
	b = appendText(b, p.Secret)
	b = appendText(b, p.ReturnTo)
	b = appendTexts(b, p.Scopes)
	b = binary.AppendVarint(b, int64(p.Round))
	return appendTime(b, p.Began)
}

func decodePending(data []byte) (ports.PendingSignIn, error) {
	r := newReader(data)
	if r.octet() != pendingVersion {
		return ports.PendingSignIn{}, errUnreadable
	}
	p := ports.PendingSignIn{
		State:    r.text(),
		Secret:   r.text(),
		ReturnTo: r.text(),
		Scopes:   r.texts(),
		Round:    int(r.varint()),
		Began:    r.time(),
	}
	if err := r.done(); err != nil {
		return ports.PendingSignIn{}, err
	}
	return p, nil
}
