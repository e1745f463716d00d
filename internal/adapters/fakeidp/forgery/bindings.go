package forgery

import (
	"slices"
	"strings"

	"webapp/internal/adapters/fakeidp"
)

// bindings are tokens for somebody else: another client, sign-in, access token.
func bindings() []Forgery {
	return slices.Concat(
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 3: aud is this client and nobody that is not trusted", []attack{
			{"aud is missing", Drop("aud")},
			{"aud is another client", Set("aud", "11111111-2222-3333-4444-555555555555")},
			{"aud is an empty list", Set("aud", []string{})},
			{"aud has one more", SetFrom("aud", func(d *fakeidp.TokenDraft) any { return []string{d.ClientID, "another"} })},
			{"aud is an object", SetFrom("aud", func(d *fakeidp.TokenDraft) any { return map[string]string{"client": d.ClientID} })},
			{"aud is null", Set("aud", nil)},
		}),
		rule(kind{prudent: true}, "prudence: an audience is named once", []attack{
			{"aud has this client twice", SetFrom("aud", func(d *fakeidp.TokenDraft) any { return []string{d.ClientID, d.ClientID} })},
		}),
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 4 and 5: azp, where present, is this client", []attack{
			{"azp is another client", Set("azp", "another")},
			{"azp is empty", Set("azp", "")},
			{"azp is a list", SetFrom("azp", func(d *fakeidp.TokenDraft) any { return []string{d.ClientID} })},
		}),
		rule(kind{}, "OpenID Connect Core 1.0, section 3.1.3.7, 11: nonce is that of this sign-in", []attack{
			{"nonce is missing", Drop("nonce")},
			{"nonce is empty", Set("nonce", "")},
			{"nonce is another sign-in's", Set("nonce", strings.Repeat("A", 43))},
			{"nonce is null", Set("nonce", nil)},
			{"nonce is a list", func(d *fakeidp.TokenDraft) { d.Claims["nonce"] = []any{d.Claims["nonce"]} }},
		}),
		rule(kind{prudent: true}, "OpenID Connect Core 1.0, section 3.1.3.8: at_hash, where present, fits the access token", []attack{
			{"at_hash is of another token", Set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
			{"at_hash is empty", Set("at_hash", "")},
			{"at_hash is a number", Set("at_hash", 1)},
			{"at_hash without an access token", func(d *fakeidp.TokenDraft) {
				d.Claims["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA"
				delete(d.Response, "access_token")
			}},
		}),
	)
}
