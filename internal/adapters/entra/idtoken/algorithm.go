package idtoken

// Algorithms returns all that an ID token may be signed with: public-key
// algorithms only. With "none" or a MAC anybody who knows the client secret,
// or nobody's secret at all, could write one.
func Algorithms() []string {
	return []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
		"ES256", "ES384", "ES512", "EdDSA",
	}
}
