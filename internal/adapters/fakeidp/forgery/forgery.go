// Package forgery lists ID tokens that a relying party must refuse. The fake
// provider sends them to the application under test.
//
// Each forgery is a valid ID token with one change, such as another issuer, an
// expiry in the past, a signature with another key or a repeated claim. The list
// does not depend on the application:
//
//	for _, f := range forgery.IDTokens() {
//		t.Run(f.Name, func(t *testing.T) {
//			idp.Mutate(f.Forge)
//			requireRefused(t, signIn())
//			idp.Mutate(nil)
//			requireSignedIn(t, signIn()) // the refusal must have no effect on it
//		})
//	}
//
// Send them all to one running application. The valid sign-in after each refusal
// then shows whether the refusal left something behind, such as a spent state, a
// cached key or half a session. Run the test again with the common authority,
// because other checks apply to it.
//
// Most forgeries break a rule of a specification. Forgery.Prudent and Forgery.Entra
// mark the others. Set, Drop, All and the other exported functions help to write
// your own.
package forgery

import (
	"slices"

	"webapp/internal/adapters/fakeidp"
)

// Forgery is one ID token that must be refused.
type Forgery struct {
	// Name describes the change. It is unique and can be used with t.Run.
	Name string
	// Rule is the rule that the token breaks, with the section of the
	// specification.
	Rule string
	// Prudent means that no specification demands the refusal.
	Prudent bool
	// Entra means that only a relying party of Microsoft Entra ID can refuse the
	// token, because other providers do not use the claim.
	Entra bool
	// Forge changes a token. Give it to fakeidp.Provider.Mutate. It has no state
	// and is safe for concurrent use.
	Forge func(*fakeidp.TokenDraft)
}

// IDTokens returns all forgeries, always in the same order. They are made for the
// response to an authorization code. Some are valid in the response to a refresh
// token, whose ID token needs no nonce and is optional.
func IDTokens() []Forgery {
	return slices.Concat(malformed(), headers(), signatures(), issuers(), bindings(), times(), names())
}

// kind has the values of Forgery.Prudent and Forgery.Entra.
type kind struct{ prudent, entra bool }

// attack is a forgery without its rule.
type attack struct {
	name  string
	forge func(*fakeidp.TokenDraft)
}

// rule returns the forgeries that break one rule.
func rule(k kind, text string, attacks []attack) []Forgery {
	list := make([]Forgery, len(attacks))
	for i, a := range attacks {
		list[i] = Forgery{Name: a.name, Rule: text, Prudent: k.prudent, Entra: k.entra, Forge: a.forge}
	}
	return list
}
