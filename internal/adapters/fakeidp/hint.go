package fakeidp

import (
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// readHint reads an id_token_hint: an ID token that this provider once issued.
// It may have expired, and its key may have been rotated out. A hint that does
// not hold says nothing.
func (p *Provider) readHint(hint string) (sid, audience string) {
	if hint == "" {
		return "", ""
	}
	token, err := jwt.ParseSigned(hint, []jose.SignatureAlgorithm{jose.RS256, jose.PS256})
	if err != nil {
		return "", ""
	}
	var claims struct {
		Audience jwt.Audience `json:"aud"`
		SID      string       `json:"sid"`
	}
	known := slices.ContainsFunc(p.keys.known(), func(key *signingKey) bool {
		return token.Claims(&key.private.PublicKey, &claims) == nil
	})
	if !known || len(claims.Audience) != 1 {
		return "", ""
	}
	return claims.SID, claims.Audience[0]
}
