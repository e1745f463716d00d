package forgery

import (
	"slices"
	"strings"

	"webapp/internal/adapters/fakeidp"
)

// headers returns tokens whose header tries to control the verifier.
func headers() []Forgery {
	return slices.Concat(
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 7, and RFC 8725, section 3.1: the algorithm is an expected one, never none", []attack{
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
		rule(kind{}, "RFC 7515, section 4.1.11: a token with an unknown critical extension is refused", []attack{
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
		rule(kind{prudent: true}, "RFC 8725, section 3.11: a token of another type is not an ID token", []attack{
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

// malformed returns tokens that are not well-formed.
func malformed() []Forgery {
	return slices.Concat(
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.3: the token response has an id_token, a string", []attack{
			{"no ID token at all", func(d *fakeidp.TokenDraft) { d.OmitIDToken = true }},
			{"an ID token that is no string", func(d *fakeidp.TokenDraft) {
				d.OmitIDToken = true
				d.Response["id_token"] = map[string]any{"sub": "x"}
			}},
			{"empty", Rewrite(func(string) string { return "" })},
		}),
		rule(kind{}, "RFC 7515, sections 2 and 7.1: three segments, each base64url without padding", []attack{
			{"two segments", Rewrite(func(s string) string { return s[:strings.LastIndex(s, ".")] })},
			{"four segments", Rewrite(func(s string) string { return s + ".AAAA" })},
			{"five segments, as if encrypted", Rewrite(func(s string) string { return s + ".AAAA.AAAA" })},
			{"no signature", Rewrite(func(s string) string { return s[:strings.LastIndex(s, ".")+1] })},
			{"JSON serialization", Rewrite(func(s string) string {
				p := strings.Split(s, ".")
				return `{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`
			})},
			{"padding", Rewrite(func(s string) string { return s + "==" })},
			{"a line break inside", Rewrite(func(s string) string { return s[:20] + "\n" + s[20:] })},
			{"a blank at the end", Rewrite(func(s string) string { return s + " " })},
			{"the other base64 alphabet", Rewrite(func(s string) string { return s[:len(s)-4] + "+/+/" })},
		}),
		rule(kind{prudent: true}, "RFC 4648, section 3.5: a decoder may refuse unused bits that are not zero", []attack{
			{"another spelling of the signature", Rewrite(respell)},
		}),
		rule(kind{prudent: true}, "prudence: a token's size is checked before it is parsed", []attack{
			{"too large", Set("padding", strings.Repeat("x", 70<<10))},
			{"claims nested too deeply", WithRaw("note", strings.Repeat("[", 40)+strings.Repeat("]", 40))},
		}),
		rule(kind{}, "RFC 7515, section 5.2: the signature covers the claims", []attack{
			{"claims exchanged after signing", Rewrite(func(s string) string {
				p := strings.Split(s, ".")
				return p[0] + "." + p[0] + "." + p[2]
			})},
		}),
		rule(kind{}, "RFC 7519, section 7.2, 10: the claims are one JSON object in UTF-8", []attack{
			{"claims are an array", ClaimsJSON(`[]`)},
			{"claims are null", ClaimsJSON(`null`)},
			{"claims are cut off", ClaimsJSON(`{"iss":"x"`)},
			{"something after the claims", writeClaims(func(claims []byte) []byte { return append(claims, "{}"...) })},
			{"claims are not UTF-8", WithMembers("\"note\":\"\xff\"")},
		}),
	)
}

// respell changes the last bit of the last character. A signature of 256 bytes does
// not use that bit, so it decodes to the same bytes.
func respell(compact string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	end := len(compact) - 1
	at := strings.IndexByte(alphabet, compact[end])
	if at < 0 {
		return compact
	}
	return compact[:end] + string(alphabet[at^1])
}

// signatures returns tokens that are signed with a wrong key.
func signatures() []Forgery {
	return slices.Concat(
		rule(kind{}, "RFC 7515, section 5.2, and OpenID Connect Core 1.0, section 10.1: only a published key of the provider signs", []attack{
			{"signed by a stranger under a known kid", SignWith(fakeidp.SignForeign)},
			{"signed by a stranger who brings a jwk", All(SignWith(fakeidp.SignForeign), SetHeader("jwk", map[string]string{"kty": "RSA", "n": "AQAB", "e": "AQAB"}))},
			{"signed by a stranger who names a jku", All(SignWith(fakeidp.SignForeign), SetHeader("jku", "https://attacker.example/keys"))},
			{"signed by a key that was never published", SignWith(fakeidp.SignUnknownKey)},
			{"one bit of the signature is turned", SignWith(fakeidp.SignBroken)},
		}),
		rule(kind{entra: true}, "Microsoft's rule for many tenants: a key signs for the issuer that the key set names beside it", []attack{
			{"signed by another tenant's key", SignWith(fakeidp.SignTenantKey)},
		}),
	)
}
