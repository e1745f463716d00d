package idtoken

import "slices"

// Algorithms returns every signature algorithm that a token may have: public-key
// algorithms only. Anybody can write a token with "none". Whoever knows the client
// secret can write one with a MAC.
func Algorithms() []string {
	return []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
		"ES256", "ES384", "ES512", "EdDSA", "Ed25519",
	}
}

// Acceptable returns the offered algorithms that are in Algorithms. One name of
// Ed25519 adds the other.
func Acceptable(offered []string) []string {
	var found []string
	for _, alg := range Algorithms() {
		if slices.ContainsFunc(offered, func(one string) bool { return sameAlgorithm(one, alg) }) {
			found = append(found, alg)
		}
	}
	return found
}

// sameAlgorithm compares names of algorithms. RFC 8037 names the algorithm EdDSA,
// RFC 9864 names it Ed25519. Keys of other EdDSA curves are not used here.
func sameAlgorithm(a, b string) bool { return a == b || isEd25519(a) && isEd25519(b) }

func isEd25519(alg string) bool { return alg == "EdDSA" || alg == "Ed25519" }
