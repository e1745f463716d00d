package forgery

import (
	"slices"
	"strings"

	"webapp/internal/adapters/fakeidp"
)

// malformed are tokens that are not even well-formed.
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
		rule(kind{prudent: true}, "RFC 4648, section 3.5: a decoder may refuse bits that no byte is made of; a token has one spelling", []attack{
			{"another spelling of the signature", Rewrite(respell)},
		}),
		rule(kind{prudent: true}, "prudence: a stranger's bytes are bounded before they are parsed", []attack{
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

// respell turns the last bit of the last character. It is left over where the
// signature is as long as that of a 2048-bit key: the bytes stay the same.
func respell(compact string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	end := len(compact) - 1
	at := strings.IndexByte(alphabet, compact[end])
	if at < 0 {
		return compact
	}
	return compact[:end] + string(alphabet[at^1])
}
