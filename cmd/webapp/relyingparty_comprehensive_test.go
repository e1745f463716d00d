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

// comprehensiveTests are those of oidcc-client-test-plan, which is no part of a
// certification, that no profile has and that say something of this client.
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

// wrongTokenHash is a test of the implicit flow in the suite; the code flow may
// have an at_hash too, and it is checked where it is there.
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

// sharedSecret: a MAC of the client secret is no signature here, right or wrong.
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

// brokenES256: the same token, signed right, is good.
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

// tokenInTheHeader: RFC 6750, section 2.1, and nowhere else.
func tokenInTheHeader(p *party) {
	p.signsIn()
	request := p.idp.Log(fakeidp.EndpointUserInfo)[0]
	assert.Equal(p.t, http.MethodGet, request.Method)
	require.NotEmpty(p.t, p.issued[0]["access_token"])
	assert.Equal(p.t, "Bearer "+p.issued[0]["access_token"].(string), request.Header.Get("Authorization"))
	assert.Empty(p.t, request.Form)
}

// claimsOfOthers (OpenID Connect Core 1.0, section 5.6) are left where they are:
// they do no harm, and nothing is fetched from an address that an answer names.
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
