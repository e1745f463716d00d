package session

import (
	"encoding/binary"

	"webapp/internal/ports"
)

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
