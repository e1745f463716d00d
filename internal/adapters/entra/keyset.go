package entra

import (
	"encoding/json"
	"errors"
	"slices"
)

// keySet holds the provider's signature keys as they were loaded once.
type keySet []signingKey

// parseKeySet reads a JWK set (RFC 7517, section 5). A key that is malformed,
// of an unknown type or not for signatures is left out; the others still hold.
func parseKeySet(body []byte) (keySet, error) {
	doc, err := parseObject(body)
	if err != nil {
		return nil, errors.New("the keys are not a JSON object without duplicates")
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(doc["keys"], &elements); err != nil {
		return nil, errors.New("the keys are not a JWK set")
	}
	if len(elements) > maxKeys {
		return nil, errors.New("the JWK set has too many keys")
	}
	var set keySet
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

// knows says whether any key has this ID.
func (s keySet) knows(kid string) bool {
	return slices.ContainsFunc(s, func(k signingKey) bool { return k.id == kid })
}

// candidates returns the keys that may have signed: those with the ID, or,
// where the token names none, the only one that fits. With several, trying
// them in turn would let the token choose among keys of different issuers.
func (s keySet) candidates(kid, alg string) []signingKey {
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
