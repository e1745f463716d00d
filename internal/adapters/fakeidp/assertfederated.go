package fakeidp

import (
	"context"
	"crypto/rsa"
	"slices"
)

// FederatedAssertions is an Authenticator for clients that present a token of
// another issuer (workload identity federation, or a managed identity). It is
// one federated credential of the app registration.
type FederatedAssertions struct {
	issuer, subject, audience string
	keys                      []*rsa.PublicKey
}

var _ Authenticator = (*FederatedAssertions)(nil)

// FederatedAuthenticator returns an Authenticator that takes tokens of exactly
// this issuer, subject and audience, signed with one of the issuer's keys.
func FederatedAuthenticator(issuer, subject, audience string, keys ...*rsa.PublicKey) *FederatedAssertions {
	return &FederatedAssertions{issuer, subject, audience, keys}
}

// Authenticate implements Authenticator.
func (f *FederatedAssertions) Authenticate(_ context.Context, proof Proof) error {
	got, refused := parseAssertion(proof)
	if refused == nil {
		refused = f.check(got, proof)
	}
	if refused != nil {
		return refused
	}
	return nil
}

func (f *FederatedAssertions) check(got assertion, proof Proof) *Error {
	c := got.claims
	if c.Issuer != f.issuer || c.Subject != f.subject || c.Audience != f.audience {
		return newError(70021, "No matching federated identity record found for presented assertion. Assertion Issuer: '%s'. Assertion Subject: '%s'. Assertion Audience: '%s'.",
			clip(c.Issuer), clip(c.Subject), clip(c.Audience))
	}
	if !slices.ContainsFunc(f.keys, got.verifies) {
		return newError(700027, "Client assertion failed signature validation. [Reason - The key was not found.]")
	}
	return got.checkTime(proof.Now, 0)
}
