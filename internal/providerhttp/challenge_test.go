package providerhttp

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"webapp/internal/ports"
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
		got, ok := ReadChallenge(c.headers)
		assert.Equal(t, Challenge{Claims: c.want}, got, name)
		assert.Equal(t, c.want != "", ok, name)
	}
}

// TestStepUpChallenge checks RFC 9470, section 3.
func TestStepUpChallenge(t *testing.T) {
	const bearer = `Bearer error="insufficient_user_authentication", error_description="A different authentication level is required"`
	age := func(seconds int) *time.Duration { return new(time.Duration(seconds) * time.Second) }
	for name, c := range map[string]struct {
		header string
		want   Challenge
	}{
		"acr_values":                  {bearer + `, acr_values="myACR"`, Challenge{ACRValues: []string{"myACR"}}},
		"several acr_values":          {bearer + `, acr_values="urn:a:gold  silver"`, Challenge{ACRValues: []string{"urn:a:gold", "silver"}}},
		"max_age":                     {bearer + `, max_age="5"`, Challenge{MaxAge: age(5)}},
		"max_age, unquoted":           {bearer + `, max_age=5`, Challenge{MaxAge: age(5)}},
		"now":                         {bearer + `, max_age=0`, Challenge{MaxAge: age(0)}},
		"both":                        {bearer + `, max_age="3600", acr_values="a"`, Challenge{MaxAge: age(3600), ACRValues: []string{"a"}}},
		"the longest age":             {bearer + `, max_age=2147483647`, Challenge{MaxAge: age(2147483647)}},
		"after another challenge":     {`DPoP error="insufficient_user_authentication", max_age=1, ` + bearer + `, max_age=5`, Challenge{MaxAge: age(5)}},
		"after one that asks nothing": {bearer + `, ` + bearer + `, max_age=5`, Challenge{MaxAge: age(5)}},
		"neither":                     {bearer, Challenge{}},
		"empty acr_values":            {bearer + `, acr_values=" "`, Challenge{}},
		"another error":               {`Bearer error="invalid_token", max_age=5`, Challenge{}},
		"another scheme":              {`DPoP error="insufficient_user_authentication", max_age=5`, Challenge{}},
		"a negative age":              {bearer + `, max_age=-1`, Challenge{}},
		"an age that overflows":       {bearer + `, max_age=2147483648`, Challenge{}},
		"an age of many digits":       {bearer + `, max_age=` + strings.Repeat("9", 100), Challenge{}},
		"a fraction":                  {bearer + `, max_age=1.5`, Challenge{}},
		"no number":                   {bearer + `, max_age=""`, Challenge{}},
		"a bad age and good classes":  {bearer + `, max_age=x, acr_values="a"`, Challenge{}},
		"an odd character":            {bearer + `, acr_values="a\\b"`, Challenge{}},
		"a character beyond ASCII":    {bearer + `, acr_values="ä"`, Challenge{}},
		"a control character":         {bearer + ", acr_values=\"a\x01\"", Challenge{}},
		"a list that is too long":     {bearer + `, acr_values="` + strings.Repeat("a ", 600) + `"`, Challenge{}},
		"the claims of another error": {bearer + `, claims="eyJhIjoxfQ=="`, Challenge{}},
		"max_age of the other error":  {`Bearer error="insufficient_claims", max_age=5`, Challenge{}},
	} {
		got, ok := ReadChallenge([]string{c.header})
		assert.Equal(t, c.want.ACRValues != nil || c.want.MaxAge != nil, ok, name)
		if ok {
			assert.Equal(t, c.want.MaxAge, got.MaxAge, name)
			assert.ElementsMatch(t, c.want.ACRValues, got.ACRValues, name)
		}
		assert.Empty(t, got.Claims, name)
	}
}

func FuzzReadChallenge(f *testing.F) {
	f.Add(`Bearer error="insufficient_claims", claims="eyJhIjoxfQ=="`)
	f.Add(`Negotiate YII=, Bearer realm="a\"b", claims=eyJhIjoxfQ,error=insufficient_claims`)
	f.Add(`Bearer error="insufficient\_claims", claims="eyJhIjoxfQ=="`)
	f.Add(`Bearer authorization_uri=https://login.example/a?b=c, error="insufficient_claims", claims="eyJhIjoxfQ=="`)
	f.Add(`Bearer error="insufficient_user_authentication", acr_values="gold silver", max_age="0"`)
	f.Fuzz(func(t *testing.T, header string) {
		got, ok := ReadChallenge([]string{header})
		if !ok {
			assert.Zero(t, got)
			return
		}
		said := strings.ReplaceAll(header, `\`, "")
		if got.Claims != "" {
			assert.True(t, json.Valid([]byte(got.Claims)))
			assert.Contains(t, said, "insufficient_claims")
			return
		}
		assert.Contains(t, said, "insufficient_user_authentication")
		assert.NoError(t, CheckRequest(ports.AuthorizationRequest{State: "s", MaxAge: got.MaxAge, ACRValues: got.ACRValues}))
	})
}
