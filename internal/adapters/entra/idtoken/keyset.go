package idtoken

import (
	"errors"
	"slices"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/providerhttp"
)

// KeySet holds the provider's signature keys as they were loaded once.
type KeySet []signingKey

// ParseKeySet reads a JWK set (RFC 7517, section 5). A key that is malformed,
// of an unknown type or not for signatures is left out; the others still hold.
func ParseKeySet(body []byte) (KeySet, error) {
	doc, err := providerhttp.ParseObject(body)
	if err != nil {
		return nil, errors.New("the keys are not a JSON object without duplicates")
	}
	elements, ok := doc.List("keys")
	if !ok || elements == nil {
		return nil, errors.New("the keys are not a JWK set")
	}
	if len(elements) > maxKeys {
		return nil, errors.New("the JWK set has too many keys")
	}
	var set KeySet
	for _, element := range elements {
		if key, ok := parseKey(element); ok {
			set = append(set, key)
		}
	}
	if len(set) == 0 {
		return nil, errors.New("the JWK set has no usable signature key")
	}
	return set, nil
}

// Knows says whether any key has this ID.
func (s KeySet) Knows(kid string) bool {
	return slices.ContainsFunc(s, func(k signingKey) bool { return k.id == kid })
}

// candidates returns the keys that may have signed: the keys with this ID, or, for
// a token without an ID, the only key that fits. If several fit it returns none:
// the token could otherwise choose among keys of different issuers.
func (s KeySet) candidates(kid, alg string) []signingKey {
	var fitting []signingKey
	for _, key := range s {
		if key.fits(alg) && (kid == "" || key.id == kid) {
			fitting = append(fitting, key)
		}
	}
	if kid == "" && len(fitting) > 1 {
		return nil
	}
	return fitting
}

// Count returns how many keys can sign an ID token that is accepted with this
// issuer and these algorithms, how many of them are good for every tenant, and
// how many keys of the set name no issuer.
func (s KeySet) Count(issuer authority.Issuer, algorithms []string) (fitting, anyTenant, withoutIssuer int) {
	for _, key := range s {
		if key.issuer == "" {
			withoutIssuer++
		}
		if !slices.ContainsFunc(algorithms, key.fits) || !key.signsFor(issuer) {
			continue
		}
		fitting++
		if key.issuer == "" || key.issuer.PerTenant() {
			anyTenant++
		}
	}
	return fitting, anyTenant, withoutIssuer
}

// signsFor says whether checkKeyIssuer can accept a token of this issuer that
// this key signed.
func (k signingKey) signsFor(issuer authority.Issuer) bool {
	switch {
	case k.issuer == "":
		return !issuer.PerTenant()
	case issuer.PerTenant():
		return k.issuer == issuer || issuer.Matches(string(k.issuer))
	}
	return k.issuer.Matches(string(issuer))
}
