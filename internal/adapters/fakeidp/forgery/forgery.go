// Package forgery is a catalogue of ID tokens that a relying party must refuse,
// to be sent by fakeidp to whatever application is under test.
//
// Each forgery is a token as the provider would have issued it, with one thing
// wrong: another issuer, an expiry in the past, a signature by a stranger, a
// claim that stands twice. An application that lets one of them through lets in
// whoever can make it. The catalogue knows nothing of the application; it works
// by the token alone:
//
//	for _, f := range forgery.IDTokens() {
//		t.Run(f.Name, func(t *testing.T) {
//			idp.Mutate(f.Forge)
//			requireRefused(t, signIn())
//			idp.Mutate(nil)
//			requireSignedIn(t, signIn()) // a refusal must leave nothing behind
//		})
//	}
//
// Send them to one running application, not to a fresh one each: what a refusal
// leaves behind (a spent state, a cached key, half a session) shows in the good
// sign-in that follows. Run it again with the provider's common authority, where
// the issuer is a template and the checks are others.
//
// Most break a rule that a specification states with "must"; a few only what
// prudence adds (Forgery.Prudent), and some mean something to Entra alone
// (Forgery.Entra). For a forgery of your own the same building blocks are
// exported: Set, Drop, All and the rest.
package forgery

import (
	"slices"

	"webapp/internal/adapters/fakeidp"
)

// Forgery is one ID token that has to be refused.
type Forgery struct {
	// Name says what is wrong with the token. It is unique in the catalogue and
	// fit for t.Run.
	Name string
	// Rule is what the token breaks: the specification with its section, or
	// why prudence refuses it.
	Rule string
	// Prudent says that no specification demands the refusal outright.
	Prudent bool
	// Entra says that only a relying party of Microsoft Entra ID can tell: the
	// claims mean nothing at other providers.
	Entra bool
	// Forge spoils a token; it is what fakeidp.Provider.Mutate takes. It keeps
	// nothing between calls and may be called concurrently.
	Forge func(*fakeidp.TokenDraft)
}

// IDTokens returns the whole catalogue, in a stable order. The forgeries are
// made for the tokens of an authorization code, which carry a nonce; a refreshed
// ID token may lack that, and may be missing altogether.
func IDTokens() []Forgery {
	return slices.Concat(malformed(), headers(), signatures(), issuers(), bindings(), times(), names())
}

// kind is whose rule it is.
type kind struct{ prudent, entra bool }

// attack is a forgery without its rule.
type attack struct {
	name  string
	forge func(*fakeidp.TokenDraft)
}

// rule makes forgeries of the attacks on one rule.
func rule(k kind, text string, attacks []attack) []Forgery {
	list := make([]Forgery, len(attacks))
	for i, a := range attacks {
		list[i] = Forgery{Name: a.name, Rule: text, Prudent: k.prudent, Entra: k.entra, Forge: a.forge}
	}
	return list
}
