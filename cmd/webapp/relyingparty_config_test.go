package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// configTests returns the tests of the plan
// oidcc-client-config-certification-test-plan.
func configTests() []partyTest {
	return []partyTest{
		{"oidcc-client-test-discovery-openid-config", endpointsAsDiscovered},
		{"oidcc-client-test-discovery-jwks-uri-keys", keysAsDiscovered},
		{"oidcc-client-test-discovery-issuer-mismatch", metadataOfAnother},
		{"oidcc-client-test-idtoken-sig-none", forged(signed(fakeidp.SignNone))},
		{"oidcc-client-test-signing-key-rotation-just-before-signing", newKeysJustBefore},
		{"oidcc-client-test-signing-key-rotation", newKeys},
	}
}

// endpointsAsDiscovered: the endpoints come from the metadata only.
func endpointsAsDiscovered(p *party) {
	endpoints := []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"}
	p.describing(func(m map[string]any) {
		for _, name := range endpoints {
			m[name] = m[name].(string) + "?as=discovered"
		}
	})
	p.signsIn()
	discovery := p.idp.Log(fakeidp.EndpointMetadata)
	require.Len(p.t, discovery, 1)
	assert.Equal(p.t, p.s.OIDCAuthority+"/.well-known/openid-configuration", p.idp.BaseURL()+discovery[0].Path)
	for _, e := range []fakeidp.Endpoint{fakeidp.EndpointAuthorize, fakeidp.EndpointToken, fakeidp.EndpointUserInfo, fakeidp.EndpointKeys} {
		for _, request := range p.idp.Log(e) {
			assert.Equal(p.t, "discovered", request.Form.Get("as"), e)
		}
	}
}

// keysAsDiscovered: the address of the keys comes from the metadata only.
func keysAsDiscovered(p *party) {
	p.describing(func(m map[string]any) { m["jwks_uri"] = m["jwks_uri"].(string) + "?kBqxTnWzRd" })
	p.signsIn()
	fetched := p.idp.Log(fakeidp.EndpointKeys)
	require.Len(p.t, fetched, 1)
	assert.True(p.t, fetched[0].Form.Has("kBqxTnWzRd"))
}

// metadataOfAnother: nobody is sent to a provider whose metadata name another
// issuer (OpenID Connect Discovery 1.0, section 4.3).
func metadataOfAnother(p *party) {
	p.describing(func(m map[string]any) { m["issuer"] = m["issuer"].(string) + "INVALID" })
	login := p.b.get("/login")
	assert.Equal(p.t, http.StatusServiceUnavailable, login.StatusCode)
	assert.Empty(p.t, login.Header.Get("Location"))
	assert.Equal(p.t, http.StatusServiceUnavailable, p.b.get("/readyz").StatusCode)
	assert.Contains(p.t, p.logs.String(), "provider metadata refused")
	assert.Zero(p.t, p.idp.Requests(fakeidp.EndpointAuthorize))
	assert.Zero(p.t, p.asked())
}

// newKeysJustBefore: the provider replaces its keys after the browser has returned and
// before it signs. The application has loaded the old ones already.
func newKeysJustBefore(p *party) {
	require.Equal(p.t, http.StatusOK, p.b.get("/readyz").StatusCode)
	require.Equal(p.t, 1, p.idp.Requests(fakeidp.EndpointKeys))
	answer := p.b.approve(p.b.begin("/login"), fakeidp.UserMember)
	p.idp.RotateKeys(fakeidp.DropOldKeys)
	r := p.b.callback(answer)
	require.Equal(p.t, http.StatusSeeOther, r.StatusCode, r.body)
	assert.True(p.t, p.b.signedIn())
	assert.Equal(p.t, 2, p.idp.Requests(fakeidp.EndpointKeys))
}

// newKeys: the provider replaces its keys between two sign-ins.
func newKeys(p *party) {
	p.signsIn()
	p.idp.RotateKeys(fakeidp.DropOldKeys)
	p.signsIn()
	assert.Equal(p.t, 2, p.idp.Requests(fakeidp.EndpointKeys))
}

// refreshTests returns the tests of the plan oidcc-client-refreshtoken-test-plan. The
// page of the API calls the UserInfo endpoint, as the suite requires.
func refreshTests() []partyTest {
	return []partyTest{
		{"oidcc-client-test-refresh-token", refreshed},
		{"oidcc-client-test-refresh-token-invalid-issuer", refreshedFor("iss")},
		{"oidcc-client-test-refresh-token-invalid-sub", refreshedFor("sub")},
	}
}

// untilTheTokenEnds signs in, calls the API and waits until the access token expires.
func (p *party) untilTheTokenEnds() {
	p.t.Helper()
	p.signsIn()
	require.Contains(p.t, p.b.get("/call_api").body, "Adele Vance")
	p.clock.Advance(57 * time.Minute)
}

func refreshed(p *party) {
	p.untilTheTokenEnds()
	assert.Contains(p.t, p.b.get("/call_api").body, "Adele Vance")
	posted := p.idp.Log(fakeidp.EndpointToken)
	require.Len(p.t, posted, 2)
	assert.Equal(p.t, "refresh_token", posted[1].Form.Get("grant_type"))
	assert.Equal(p.t, p.issued[0]["refresh_token"], posted[1].Form.Get("refresh_token"))
	assert.True(p.t, p.sentTo(fakeidp.EndpointUserInfo, p.issued[1]["access_token"]))
}

// refreshedFor: the ID token of the refresh is another issuer's or another
// person's (OpenID Connect Core 1.0, section 12.2).
func refreshedFor(name string) func(*party) {
	return func(p *party) {
		p.forging(func(d *fakeidp.TokenDraft) {
			if d.GrantType == "refresh_token" {
				d.Claims[name] = oneMore(d.Claims[name])
			}
		})
		p.untilTheTokenEnds()
		before := p.asked()
		r := p.b.get("/call_api")
		assert.Equal(p.t, http.StatusForbidden, r.StatusCode)
		assert.NotContains(p.t, r.body, "given_name")
		assert.Equal(p.t, asked{before.token + 1, before.userInfo}, p.asked(), "the API is not called")
		assert.True(p.t, p.b.signedIn(), "a failed refresh loses no session")
		p.b.get("/call_api")
		assert.False(p.t, p.sentTo(fakeidp.EndpointUserInfo, p.issued[1]["access_token"]))
	}
}

// sentTo reports whether an endpoint has received this access token.
func (p *party) sentTo(e fakeidp.Endpoint, token any) bool {
	for _, request := range p.idp.Log(e) {
		if strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ") == token {
			return true
		}
	}
	return false
}

// ellipticKey is the provider's key for ES256.
var ellipticKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// publicMembers returns the members of a key's JWK.
func publicMembers(t *testing.T, public any) map[string]any {
	t.Helper()
	text, err := jose.JSONWebKey{Key: public}.MarshalJSON()
	require.NoError(t, err)
	members := make(map[string]any)
	require.NoError(t, json.Unmarshal(text, &members))
	return members
}

// signES256 returns a token with a valid ES256 signature of the provider.
func signES256(t *testing.T, kind string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: ellipticKey(), KeyID: "ec"}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(kind)))
	require.NoError(t, err)
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	signed, err := signer.Sign(payload)
	require.NoError(t, err)
	compact, err := signed.CompactSerialize()
	require.NoError(t, err)
	return compact
}
