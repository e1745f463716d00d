package main

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// comprehensiveTests returns the tests of oidcc-client-test-plan that no certification
// profile has and that apply to this client.
func comprehensiveTests() []partyTest {
	return []partyTest{
		{"oidcc-client-test-missing-aud", claim("aud", missing)},
		{"oidcc-client-test-invalid-athash", wrongTokenHash},
		{"oidcc-client-test-invalid-sig-hs256", sharedSecret},
		{"oidcc-client-test-invalid-sig-es256", brokenES256},
		{"oidcc-client-test-userinfo-bearer-header", tokenInTheHeader},
		{"oidcc-client-test-aggregated-claims", claimsOfOthers(func(string) map[string]any {
			return map[string]any{"JWT": "eyJhbGciOiJub25lIn0.eyJwcmVmZXJyZWRfdXNlcm5hbWUiOiJFdmUgb2YgZWxzZXdoZXJlIiwiYWRkcmVzcyI6IkV2ZSBvZiBlbHNld2hlcmUifQ."}
		})},
		{"oidcc-client-test-distributed-claims", claimsOfOthers(func(endpoint string) map[string]any {
			return map[string]any{"endpoint": endpoint, "access_token": "ksj3n283dke"}
		})},
	}
}

// wrongTokenHash: the suite tests at_hash in the implicit flow. The code flow can have
// it too, and it is then checked.
func wrongTokenHash(p *party) {
	hash := func(token any) string {
		sum := sha256.Sum256([]byte(token.(string)))
		return base64.RawURLEncoding.EncodeToString(sum[:16])
	}
	p.forging(func(d *fakeidp.TokenDraft) { d.Claims["at_hash"] = hash(d.Response["access_token"]) })
	p.signsIn()
	p.forging(func(d *fakeidp.TokenDraft) { d.Claims["at_hash"] = hash("another token") })
	p.b = p.browser()
	p.refuses(0)
}

// sharedSecret: a MAC with the client secret is no signature, whether right or wrong.
func sharedSecret(p *party) {
	p.forging(signed(fakeidp.SignHS256Secret))
	p.refuses(0)
	p.b = p.browser()
	p.forging(func(d *fakeidp.TokenDraft) {
		d.Signing = fakeidp.SignHS256Secret
		d.Raw = breakSignature
	})
	p.refuses(0)
}

// brokenES256: the same token with a right signature is accepted.
func brokenES256(p *party) {
	p.forging(func(d *fakeidp.TokenDraft) {
		claims := d.Claims
		d.Raw = func(string) string { return signES256(p.t, "JWT", claims) }
	})
	p.signsIn()
	p.b = p.browser()
	p.forging(func(d *fakeidp.TokenDraft) {
		claims := d.Claims
		d.Raw = func(string) string { return breakSignature(signES256(p.t, "JWT", claims)) }
	})
	p.refuses(0)
}

// breakSignature changes the first character of a token's signature.
func breakSignature(token string) string {
	at := strings.LastIndexByte(token, '.') + 1
	other := "A"
	if token[at] == 'A' {
		other = "B"
	}
	return token[:at] + other + token[at+1:]
}

// tokenInTheHeader: the access token is only in the header (RFC 6750, section 2.1).
func tokenInTheHeader(p *party) {
	p.signsIn()
	request := p.idp.Log(fakeidp.EndpointUserInfo)[0]
	assert.Equal(p.t, http.MethodGet, request.Method)
	require.NotEmpty(p.t, p.issued[0]["access_token"])
	assert.Equal(p.t, "Bearer "+p.issued[0]["access_token"].(string), request.Header.Get("Authorization"))
	assert.Empty(p.t, request.Form)
}

// claimsOfOthers: aggregated and distributed claims (OpenID Connect Core 1.0, section
// 5.6) are ignored. Nothing is fetched from their addresses.
func claimsOfOthers(source func(endpoint string) map[string]any) func(*party) {
	return func(p *party) {
		var called atomic.Int32
		elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { called.Add(1) }))
		defer elsewhere.Close()
		p.idp.MutateUserInfo(func(_ string, said map[string]any) {
			said["_claim_names"] = map[string]any{"preferred_username": "src1", "address": "src1"}
			said["_claim_sources"] = map[string]any{"src1": source(elsewhere.URL)}
		})
		p.signsIn()
		assert.NotContains(p.t, p.b.get("/").body, "Eve of elsewhere")
		assert.Zero(p.t, called.Load())
	}
}
