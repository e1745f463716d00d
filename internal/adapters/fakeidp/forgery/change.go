package forgery

import (
	"encoding/json"
	"time"

	"webapp/internal/adapters/fakeidp"
)

// Change spoils a draft. It is what fakeidp.Provider.Mutate takes.
type Change = func(*fakeidp.TokenDraft)

// Set gives a claim a value.
func Set(claim string, value any) Change {
	return func(d *fakeidp.TokenDraft) { d.Claims[claim] = value }
}

// SetFrom gives a claim a value that depends on the token.
func SetFrom(claim string, value func(*fakeidp.TokenDraft) any) Change {
	return func(d *fakeidp.TokenDraft) { d.Claims[claim] = value(d) }
}

// Edit changes the text of a claim.
func Edit(claim string, edit func(string) string) Change {
	return SetFrom(claim, func(d *fakeidp.TokenDraft) any { return edit(text(d, claim)) })
}

// Drop takes a claim away.
func Drop(claim string) Change {
	return func(d *fakeidp.TokenDraft) { delete(d.Claims, claim) }
}

// Rename moves a claim to another name.
func Rename(from, to string) Change {
	return func(d *fakeidp.TokenDraft) {
		d.Claims[to] = d.Claims[from]
		delete(d.Claims, from)
	}
}

// Shift sets a time claim to so much after the time of issue.
func Shift(claim string, by time.Duration) Change {
	return func(d *fakeidp.TokenDraft) {
		issued, _ := d.Claims["iat"].(int64)
		d.Claims[claim] = issued + int64(by/time.Second)
	}
}

// SetHeader gives a member of the JOSE header a value.
func SetHeader(name string, value any) Change {
	return func(d *fakeidp.TokenDraft) { d.Header[name] = value }
}

// SignWith chooses the key and the algorithm.
func SignWith(how fakeidp.Signing) Change {
	return func(d *fakeidp.TokenDraft) { d.Signing = how }
}

// Rewrite changes the finished token.
func Rewrite(change func(compact string) string) Change {
	return func(d *fakeidp.TokenDraft) { d.Raw = change }
}

// HeaderJSON signs these bytes in the place of the header.
func HeaderJSON(json string) Change {
	return func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(json) }
}

// ClaimsJSON signs these bytes in the place of the claims.
func ClaimsJSON(json string) Change {
	return func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(json) }
}

// WithMembers writes JSON members in front of the claims before they are
// signed, so that a name can stand twice.
func WithMembers(members string) Change {
	return writeClaims(func(claims []byte) []byte {
		return append([]byte("{"+members+","), claims[1:]...)
	})
}

// WithRaw writes the value of a claim as it stands, as no encoder would.
func WithRaw(claim, value string) Change {
	return All(Drop(claim), WithMembers(`"`+claim+`":`+value))
}

// All makes several changes, one after the other.
func All(changes ...Change) Change {
	return func(d *fakeidp.TokenDraft) {
		for _, change := range changes {
			change(d)
		}
	}
}

// writeClaims edits the claims as JSON. Claims that cannot be encoded are left
// as they are; the provider will say why.
func writeClaims(edit func([]byte) []byte) Change {
	return func(d *fakeidp.TokenDraft) {
		if claims, err := json.Marshal(d.Claims); err == nil {
			d.ClaimsJSON = edit(claims)
		}
	}
}

// text returns a claim that is a string.
func text(d *fakeidp.TokenDraft, claim string) string {
	s, _ := d.Claims[claim].(string)
	return s
}
