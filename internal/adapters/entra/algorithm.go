package entra

import (
	"errors"
	"slices"
	"strings"
)

// signatureAlgorithms are all that an ID token may be signed with: public-key
// algorithms only. With "none" or a MAC anybody who knows the client secret,
// or nobody's secret at all, could write one.
func signatureAlgorithms() []string {
	return []string{
		"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
		"ES256", "ES384", "ES512", "EdDSA",
	}
}

// keepAlgorithm leaves only the algorithm that the application is registered
// for, where that is known: a token that is signed by another is not meant for
// it (OpenID Connect Core 1.0, section 3.1.3.7, point 7).
func (m *metadata) keepAlgorithm(registered string) error {
	if registered == "" {
		return nil
	}
	if !slices.Contains(m.algorithms, registered) {
		return errors.New("the metadata do not offer the registered signing algorithm")
	}
	m.algorithms = []string{registered}
	return nil
}

func (c Config) checkAlgorithm(report func(field, text string)) {
	if c.SigningAlgorithm != "" && !slices.Contains(signatureAlgorithms(), c.SigningAlgorithm) {
		report("SigningAlgorithm", "is none of those that are acceptable: "+strings.Join(signatureAlgorithms(), ", "))
	}
}
