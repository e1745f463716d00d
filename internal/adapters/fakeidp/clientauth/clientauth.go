// Package clientauth has the client authentication without a secret that
// Microsoft Entra ID offers, for fakeidp.Client.Authenticator: by certificate
// (Certificates) and by a token of another issuer (Federated).
package clientauth

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"webapp/internal/adapters/fakeidp"
)

// Federated is an Authenticator for clients that present a token of another
// issuer: workload identity federation, or a managed identity. It stands for one
// federated credential of the app registration.
type Federated struct {
	issuer, subject, audience string
	keys                      []*rsa.PublicKey
}

var _ fakeidp.Authenticator = (*Federated)(nil)

// NewFederated returns an Authenticator that accepts tokens of exactly this
// issuer, subject and audience, signed with one of keys.
func NewFederated(issuer, subject, audience string, keys ...*rsa.PublicKey) *Federated {
	return &Federated{issuer, subject, audience, keys}
}

// Authenticate implements fakeidp.Authenticator.
func (f *Federated) Authenticate(_ context.Context, proof fakeidp.Proof) error {
	got, err := parseAssertion(proof)
	if err != nil {
		return err
	}
	c := got.claims
	if c.Issuer != f.issuer || c.Subject != f.subject || c.Audience != f.audience {
		return refuse(70021, "No matching federated identity record found for presented assertion. Assertion Issuer: '%.200s'. Assertion Subject: '%.200s'. Assertion Audience: '%.200s'.",
			c.Issuer, c.Subject, c.Audience)
	}
	if !slices.ContainsFunc(f.keys, got.verifies) {
		return refuse(700027, "Client assertion failed signature validation. [Reason - The key was not found.]")
	}
	return got.checkTime(proof.Now, 0)
}

// assertionType is the only accepted client_assertion_type (RFC 7523, section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionSkew is the tolerance for the client's clock.
const assertionSkew = 5 * time.Minute

// assertion is a parsed client assertion. Its signature has not been verified.
type assertion struct {
	header struct {
		Algorithm  string   `json:"alg"`
		Type       string   `json:"typ"`
		Thumbprint string   `json:"x5t#S256"`
		Chain      []string `json:"x5c"`

		ThumbprintSHA1 string `json:"x5t"`
	}
	claims struct {
		Audience string `json:"aud"`
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		ID       string `json:"jti"`
		// A NumericDate can have fractions (RFC 7519, section 2).
		NotBefore float64 `json:"nbf"`
		Expires   float64 `json:"exp"`
	}
	signed    string
	signature []byte
}

// parseAssertion reads the client assertion of a token request.
func parseAssertion(proof fakeidp.Proof) (assertion, error) {
	var a assertion
	switch {
	case proof.Assertion == "":
		return a, refuse(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case proof.AssertionType != assertionType:
		return a, refuse(9002313, "Invalid request. The 'client_assertion_type' must be '%s'.", assertionType)
	}
	segments := strings.Split(proof.Assertion, ".")
	if len(segments) != 3 {
		return a, malformed()
	}
	for i, into := range []any{&a.header, &a.claims} {
		text, err := base64.RawURLEncoding.DecodeString(segments[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			return a, malformed()
		}
	}
	var err error
	if a.signature, err = base64.RawURLEncoding.DecodeString(segments[2]); err != nil {
		return a, malformed()
	}
	a.signed = segments[0] + "." + segments[1]
	return a, nil
}

func malformed() error { return refuse(50027, "JWT token is invalid or malformed.") }

// refuse returns an error in Entra's form.
func refuse(number int, format string, args ...any) error {
	return &fakeidp.Error{Number: number, Text: fmt.Sprintf(format, args...)}
}

// verifies reports whether key made the assertion's signature.
func (a assertion) verifies(key *rsa.PublicKey) bool {
	sum := sha256.Sum256([]byte(a.signed))
	switch a.header.Algorithm {
	case "PS256":
		return rsa.VerifyPSS(key, crypto.SHA256, sum[:], a.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
	case "RS256":
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], a.signature) == nil
	}
	return false
}

// checkTime refuses an assertion outside its validity period. Unless longest is
// 0, it also refuses a period that is longer than that.
func (a assertion) checkTime(now time.Time, longest time.Duration) error {
	from, until := now, time.Unix(int64(a.claims.Expires), 0)
	if a.claims.NotBefore != 0 {
		from = time.Unix(int64(a.claims.NotBefore), 0)
	}
	if a.claims.Expires == 0 || now.After(until) || now.Add(assertionSkew).Before(from) || longest > 0 && until.Sub(from) > longest {
		return refuse(700024, "Client assertion is not within its valid time range. Current time: %s, assertion valid from %s, expiry time of assertion %s.",
			now.UTC().Format(time.RFC3339), from.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339))
	}
	return nil
}
