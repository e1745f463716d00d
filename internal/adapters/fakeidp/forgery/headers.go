package forgery

import (
	"slices"
	"strings"

	"webapp/internal/adapters/fakeidp"
)

// headers are headers that choose what the verifier does.
func headers() []Forgery {
	return slices.Concat(
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 7, and RFC 8725, section 3.1: the algorithm is one that was agreed on, never none", []attack{
			{"alg none", SignWith(fakeidp.SignNone)},
			{"alg none with a signature", SetHeader("alg", "none")},
			{"alg None in odd letter case", All(SignWith(fakeidp.SignNone), SetHeader("alg", "nOnE"))},
			{"alg HS256 keyed with the public key", SignWith(fakeidp.SignHS256Public)},
			{"alg HS256 keyed with the client secret", SignWith(fakeidp.SignHS256Secret)},
			{"alg that the metadata do not offer", SignWith(fakeidp.SignPS256)},
			{"alg of another key type", SetHeader("alg", "ES256")},
			{"alg is empty", SetHeader("alg", "")},
			{"alg is a number", SetHeader("alg", 256)},
		}),
		rule(kind{prudent: true}, "RFC 7515, section 4: the names of header members are unique", []attack{
			{"alg stands twice", HeaderJSON(`{"alg":"RS256","alg":"RS256","typ":"JWT"}`)},
		}),
		rule(kind{}, "RFC 7515, section 4.1.11: a critical extension that is not understood refuses the token", []attack{
			{"an unknown critical header", All(SetHeader("crit", []string{"x"}), SetHeader("x", 1))},
			{"an empty list of critical headers", SetHeader("crit", []string{})},
		}),
		rule(kind{}, "RFC 7515, section 4.1.4: the key ID is a string and names a key of the provider", []attack{
			{"kid is a number", SetHeader("kid", 7)},
			{"kid is unknown", SetHeader("kid", "nobody-knows-this-key")},
		}),
		rule(kind{prudent: true}, "prudence: a key ID is looked up and logged, so it is short", []attack{
			{"kid is very long", SetHeader("kid", strings.Repeat("k", 4096))},
		}),
		rule(kind{prudent: true}, "RFC 8725, section 3.11: a token of another type is no ID token", []attack{
			{"an access token's type", SetHeader("typ", "at+jwt")},
			{"a logout token's type", SetHeader("typ", "logout+jwt")},
			{"typ is a number", SetHeader("typ", 1)},
		}),
		rule(kind{}, "RFC 7519, section 7.2, 4: the header is one JSON object", []attack{
			{"the header is an array", HeaderJSON(`["RS256"]`)},
			{"the header is no JSON", HeaderJSON(`RS256`)},
		}),
	)
}
