package providerhttp

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestClaimsChallenge(t *testing.T) {
	const claims = `{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}`
	std := base64.StdEncoding.EncodeToString([]byte(claims))
	raw := base64.RawURLEncoding.EncodeToString([]byte(claims))
	for name, c := range map[string]struct {
		headers []string
		want    string
	}{
		"as Graph sends it":        {[]string{`Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="` + std + `"`}, claims},
		"unquoted URL":             {[]string{`Bearer realm="", authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize?a=b;c&d, client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="` + std + `", errorDescription="Continuous access evaluation, and code: TokenIssuedBeforeRevocationTimestamp"`}, claims},
		"stray characters":         {[]string{`Bearer "x" realm="y"; error="insufficient_claims";, claims="` + std + `"`}, claims},
		"no commas":                {[]string{`Bearer realm="y" error="insufficient_claims" claims="` + std + `"`}, claims},
		"blanks around =":          {[]string{`Bearer error = "insufficient_claims" , claims = "` + std + `"`}, claims},
		"words without quotes":     {[]string{`Bearer error_description=The token is old, error=insufficient_claims, claims="` + std + `"`}, claims},
		"a padded token68 before":  {[]string{`Negotiate a/b+YII==, Bearer error="insufficient_claims", claims="` + std + `"`}, claims},
		"a bare token68 before":    {[]string{`Negotiate YII, Bearer error="insufficient_claims", claims="` + std + `"`}, claims},
		"two Bearer challenges":    {[]string{`Bearer error="invalid_token", Bearer error="insufficient_claims", claims="` + std + `"`}, claims},
		"names in capitals":        {[]string{`BEARER Error="insufficient_claims", CLAIMS="` + std + `"`}, claims},
		"fields in another order":  {[]string{`Bearer claims="` + std + `", error="insufficient_claims"`}, claims},
		"base64url":                {[]string{`bearer error=insufficient_claims, claims="` + raw + `"`}, claims},
		"unquoted, no padding":     {[]string{`Bearer error=insufficient_claims,claims=` + raw}, claims},
		"second header":            {[]string{`Basic realm="x"`, `Bearer error="insufficient_claims", claims="` + std + `"`}, claims},
		"second challenge":         {[]string{`Negotiate, Bearer error="insufficient_claims", claims="` + std + `"`}, claims},
		"token68 before":           {[]string{`Negotiate YII=, Bearer error="insufficient_claims", claims="` + std + `"`}, claims},
		"no challenge":             {nil, ""},
		"another error":            {[]string{`Bearer error="invalid_token", claims="` + std + `"`}, ""},
		"another scheme":           {[]string{`PoP error="insufficient_claims", claims="` + std + `"`}, ""},
		"error of another scheme":  {[]string{`PoP error="insufficient_claims", Bearer claims="` + std + `"`}, ""},
		"no claims":                {[]string{`Bearer error="insufficient_claims"`}, ""},
		"no base64":                {[]string{`Bearer error="insufficient_claims", claims="%%%"`}, ""},
		"no object":                {[]string{`Bearer error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(`["x"]`)) + `"`}, ""},
		"a member twice":           {[]string{`Bearer error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(`{"a":1,"a":2}`)) + `"`}, ""},
		"no JSON":                  {[]string{`Bearer error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(`x`)) + `"`}, ""},
		"unterminated":             {[]string{`Bearer error="insufficient_claims", claims="` + std}, ""},
		"parameter of nothing":     {[]string{`error="insufficient_claims", claims="` + std + `"`}, ""},
		"claims too long":          {[]string{`Bearer error="insufficient_claims", claims="` + base64.StdEncoding.EncodeToString([]byte(`{"a":"`+strings.Repeat("x", MaxClaims)+`"}`)) + `"`}, ""},
		"ninth header":             {append(make([]string, maxChallengeHeaders), `Bearer error="insufficient_claims", claims="`+std+`"`), ""},
		"parameter of another":     {[]string{`Bearer error="insufficient_claims", PoP claims="` + std + `"`}, ""},
		"too long":                 {[]string{`Bearer error="insufficient_claims", claims="` + strings.Repeat("A", maxChallengeHeader) + `"`}, ""},
		"escaped quote in between": {[]string{`Bearer realm="a\"b", error="insufficient_claims", claims="` + std + `"`}, claims},
	} {
		got, ok := ClaimsChallenge(c.headers)
		assert.Equal(t, c.want, got, name)
		assert.Equal(t, c.want != "", ok, name)
	}
}

func FuzzClaimsChallenge(f *testing.F) {
	f.Add(`Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="`)
	f.Add(`Negotiate YII=, Bearer realm="a\"b", claims=eyJhIjoxfQ,error=insufficient_claims`)
	f.Add(`Bearer error="insufficient\_claims", claims="eyJhIjoxfQ=="`)
	f.Add(`Bearer authorization_uri=https://login.example/a?b=c, error="insufficient_claims", claims="eyJhIjoxfQ=="`)
	f.Fuzz(func(t *testing.T, header string) {
		claims, ok := ClaimsChallenge([]string{header})
		if !ok {
			assert.Empty(t, claims)
			return
		}
		assert.True(t, json.Valid([]byte(claims)))
		assert.Contains(t, strings.ReplaceAll(header, `\`, ""), "insufficient_claims")
	})
}
