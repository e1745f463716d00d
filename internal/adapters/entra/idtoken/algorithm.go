package idtoken

import "slices"

// Algorithms returns every signature algorithm that a token may have: public-key
// algorithms only. With "none" or a MAC anybody who knows the client secret, or
// nobody's secret at all, could write a token.
func Algorithms() []string {
	return []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
		"ES256", "ES384", "ES512", "EdDSA", "Ed25519",
	}
}

// Acceptable returns those of Algorithms that are among the offered ones. Each
// of the two names of Ed25519 stands for both.
func Acceptable(offered []string) []string {
	var found []string
	for _, alg := range Algorithms() {
		if slices.ContainsFunc(offered, func(one string) bool { return sameAlgorithm(one, alg) }) {
			found = append(found, alg)
		}
	}
	return found
}

// sameAlgorithm compares names of algorithms. RFC 9864 calls Ed25519 what RFC
// 8037 calls EdDSA; no key of another curve is used here.
func sameAlgorithm(a, b string) bool { return a == b || isEd25519(a) && isEd25519(b) }

func isEd25519(alg string) bool { return alg == "EdDSA" || alg == "Ed25519" }
