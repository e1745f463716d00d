package forgery

import (
	"slices"

	"webapp/internal/adapters/fakeidp"
)

// signatures are signatures by the wrong key.
func signatures() []Forgery {
	return slices.Concat(
		rule(kind{}, "RFC 7515, section 5.2, and OpenID Connect Core 1.0, section 10.1: keys that the provider publishes sign, no others", []attack{
			{"signed by a stranger under a known kid", SignWith(fakeidp.SignForeign)},
			{"signed by a stranger who brings a jwk", All(SignWith(fakeidp.SignForeign), SetHeader("jwk", map[string]string{"kty": "RSA", "n": "AQAB", "e": "AQAB"}))},
			{"signed by a stranger who names a jku", All(SignWith(fakeidp.SignForeign), SetHeader("jku", "https://attacker.example/keys"))},
			{"signed by a key that was never published", SignWith(fakeidp.SignUnknownKey)},
			{"one bit of the signature is turned", SignWith(fakeidp.SignBroken)},
		}),
		rule(kind{entra: true}, "Microsoft's rule for many tenants: a key signs for the issuer that stands beside it in the key set", []attack{
			{"signed by another tenant's key", SignWith(fakeidp.SignTenantKey)},
		}),
	)
}
