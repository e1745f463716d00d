package fakeidp

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// assertionType is the one client_assertion_type (RFC 7523, section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionSkew is how far the client's clock may be off.
const assertionSkew = 5 * time.Minute

// assertion is a client assertion, parsed and not verified.
type assertion struct {
	header struct {
		Algorithm  string   `json:"alg"`
		Type       string   `json:"typ"`
		KeyID      string   `json:"kid"`
		Thumbprint string   `json:"x5t#S256"`
		Chain      []string `json:"x5c"`
	}
	claims struct {
		Audience  string `json:"aud"`
		Issuer    string `json:"iss"`
		Subject   string `json:"sub"`
		ID        string `json:"jti"`
		NotBefore int64  `json:"nbf"`
		Expires   int64  `json:"exp"`
	}
	signed    string
	signature []byte
}

// parseAssertion reads what every kind of client assertion has in common.
func parseAssertion(proof Proof) (assertion, *Error) {
	var a assertion
	switch {
	case proof.Assertion == "":
		return a, newError(7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case proof.AssertionType != assertionType:
		return a, newError(9002313, "Invalid request. The 'client_assertion_type' must be '%s'.", assertionType)
	}
	segments := strings.Split(proof.Assertion, ".")
	if len(segments) != 3 {
		return a, malformedAssertion()
	}
	for i, into := range []any{&a.header, &a.claims} {
		text, err := base64.RawURLEncoding.DecodeString(segments[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			return a, malformedAssertion()
		}
	}
	var err error
	if a.signature, err = base64.RawURLEncoding.DecodeString(segments[2]); err != nil {
		return a, malformedAssertion()
	}
	a.signed = segments[0] + "." + segments[1]
	return a, nil
}

func malformedAssertion() *Error {
	return newError(50027, "JWT token is invalid or malformed.")
}

// verifies says whether key has signed the assertion by its algorithm.
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

// checkTime refuses an assertion that is too old, too new or, where longest is
// set, made for too long.
func (a assertion) checkTime(now time.Time, longest time.Duration) *Error {
	from, until := time.Unix(a.claims.NotBefore, 0), time.Unix(a.claims.Expires, 0)
	if a.claims.Expires == 0 || now.After(until) || now.Add(assertionSkew).Before(from) || longest > 0 && until.Sub(from) > longest {
		return newError(700024, "Client assertion is not within its valid time range. Current time: %s, assertion valid from %s, expiry time of assertion %s.",
			now.UTC().Format(time.RFC3339), from.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339))
	}
	return nil
}
