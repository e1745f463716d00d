package forgery

import (
	"encoding/json"
	"time"

	"webapp/internal/adapters/fakeidp"
)

// Change changes a draft. Give it to fakeidp.Provider.Mutate.
type Change = func(*fakeidp.TokenDraft)

// Set sets a claim.
func Set(claim string, value any) Change {
	return func(d *fakeidp.TokenDraft) { d.Claims[claim] = value }
}

// SetFrom sets a claim to a value that depends on the draft.
func SetFrom(claim string, value func(*fakeidp.TokenDraft) any) Change {
	return func(d *fakeidp.TokenDraft) { d.Claims[claim] = value(d) }
}

// Edit changes a claim that is a string.
func Edit(claim string, edit func(string) string) Change {
	return SetFrom(claim, func(d *fakeidp.TokenDraft) any { return edit(text(d, claim)) })
}

// Drop removes a claim.
func Drop(claim string) Change {
	return func(d *fakeidp.TokenDraft) { delete(d.Claims, claim) }
}

// Rename renames a claim.
func Rename(from, to string) Change {
	return func(d *fakeidp.TokenDraft) {
		d.Claims[to] = d.Claims[from]
		delete(d.Claims, from)
	}
}

// Shift sets a time claim to iat plus by.
func Shift(claim string, by time.Duration) Change {
	return func(d *fakeidp.TokenDraft) {
		issued, _ := d.Claims["iat"].(int64)
		d.Claims[claim] = issued + int64(by/time.Second)
	}
}

// SetHeader sets a member of the JOSE header.
func SetHeader(name string, value any) Change {
	return func(d *fakeidp.TokenDraft) { d.Header[name] = value }
}

// SignWith selects the key and the algorithm.
func SignWith(how fakeidp.Signing) Change {
	return func(d *fakeidp.TokenDraft) { d.Signing = how }
}

// Rewrite changes the signed token.
func Rewrite(change func(compact string) string) Change {
	return func(d *fakeidp.TokenDraft) { d.Raw = change }
}

// HeaderJSON replaces the JOSE header by these bytes.
func HeaderJSON(json string) Change {
	return func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(json) }
}

// ClaimsJSON replaces the claims by these bytes.
func ClaimsJSON(json string) Change {
	return func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(json) }
}

// WithMembers adds JSON members before the claims, so that a name can be repeated.
func WithMembers(members string) Change {
	return writeClaims(func(claims []byte) []byte {
		return append([]byte("{"+members+","), claims[1:]...)
	})
}

// WithRaw sets a claim to this JSON text, which need not be valid.
func WithRaw(claim, value string) Change {
	return All(Drop(claim), WithMembers(`"`+claim+`":`+value))
}

// All makes several changes in this order.
func All(changes ...Change) Change {
	return func(d *fakeidp.TokenDraft) {
		for _, change := range changes {
			change(d)
		}
	}
}

// writeClaims changes the JSON of the claims. If the claims cannot be encoded, it
// does nothing, and the provider returns the error.
func writeClaims(edit func([]byte) []byte) Change {
	return func(d *fakeidp.TokenDraft) {
		if claims, err := json.Marshal(d.Claims); err == nil {
			d.ClaimsJSON = edit(claims)
		}
	}
}

// text returns a claim that is a string, otherwise "".
func text(d *fakeidp.TokenDraft, claim string) string {
	s, _ := d.Claims[claim].(string)
	return s
}
