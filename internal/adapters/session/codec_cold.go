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

const grantVersion = 1

func encodeGrant(g *ports.Grant) []byte {
	b := []byte{grantVersion}
	b = binary.AppendUvarint(b, uint64(len(g.AccessTokens)))
	for _, t := range g.AccessTokens {
		b = appendText(b, t.Value)
		b = appendTexts(b, t.Scopes)
		b = appendTime(b, t.Expires)
	}
	b = appendText(b, g.RefreshToken)
	b = appendText(b, g.SignOutHint)
	b = appendText(b, g.Nonce)
	b = appendText(b, g.LoginHint)
	b = appendText(b, g.Page)
	b = binary.AppendVarint(b, int64(g.Round))
	return appendGroups(b, g.Groups)
}

func decodeGrant(data []byte) (ports.Grant, error) {
	r := newReader(data)
	if r.octet() != grantVersion {
		return ports.Grant{}, errUnreadable
	}
	var g ports.Grant
	if n := r.count(); n > 0 {
		g.AccessTokens = make([]ports.AccessToken, n)
	}
	for i := range g.AccessTokens {
		g.AccessTokens[i] = ports.AccessToken{Value: r.text(), Scopes: r.texts(), Expires: r.time()}
	}
	g.RefreshToken = r.text()
	g.SignOutHint = r.text()
	g.Nonce = r.text()
	g.LoginHint = r.text()
	g.Page = r.text()
	g.Round = int(r.varint())
	g.Groups = r.groups()
	if err := r.done(); err != nil {
		return ports.Grant{}, err
	}
	return g, nil
}

// isEmpty reports that there is nothing in g worth a record.
func isEmpty(g *ports.Grant) bool {
	return len(g.AccessTokens) == 0 && g.RefreshToken == "" && g.SignOutHint == "" &&
		g.LoginHint == "" && g.Nonce == "" && g.Page == "" && g.Round == 0 &&
		len(g.Groups.IDs) == 0 && !g.Groups.Overage && g.Groups.AsOf.IsZero()
}

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
