package entra

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	tenantA = "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"
	tenantB = "c2a94d10-86e3-4b7a-b5f8-02d963e1a7c4"
)

// The host's own endpoint hands out a credential: no proxy gets to see it.
func TestManagedIdentityIsAskedForWithoutAProxy(t *testing.T) {
	m := newManagedIdentity(Config{}, "audience")
	assert.Nil(t, m.client.http.Transport.(*http.Transport).Proxy)
}

// TestMetadataIssuers is the rule of each form of authority.
func TestMetadataIssuers(t *testing.T) {
	const public = "https://login.microsoftonline.com/"
	for _, c := range []struct {
		authority, issuer string
		fits              bool
	}{
		{public + "common", public + "{tenantid}/v2.0", true},
		{public + "organizations", public + "{tenantid}/v2.0", true},
		{public + "common", public + tenantA + "/v2.0", false},
		{public + "common", "https://login.microsoftonline.us/{tenantid}/v2.0", false},
		{public + "common", public + "{tenantid}/v2.0/", false},
		{public + "common", public + "{tenantid}{tenantid}/v2.0", false},
		{public + "common", "{tenantid}", false},
		{public + "consumers", public + consumersTenant + "/v2.0", true},
		{public + "consumers", public + tenantA + "/v2.0", false},
		{public + tenantA, public + tenantA + "/v2.0", true},
		{public + strings.ToUpper(tenantA), public + tenantA + "/v2.0", true},
		{public + tenantA, public + tenantB + "/v2.0", false},
		{public + tenantA, public + "{tenantid}/v2.0", false},
		{public + tenantA, "http://login.microsoftonline.com/" + tenantA + "/v2.0", false},
		{public + tenantA, "https://attacker.example/" + tenantA + "/v2.0", false},
		{public + tenantA, "https://sts.windows.net/" + tenantA + "/", false},
		{public + "contoso.com", public + tenantA + "/v2.0", true},
		{public + "contoso.com", public + "contoso.com/v2.0", false},
		{public + "contoso.com", public + "{tenantid}/v2.0", false},
		{"https://login.partner.microsoftonline.cn/contoso.cn", "https://login.partner.microsoftonline.cn/" + tenantA + "/v2.0", true},
		{"https://contoso.ciamlogin.com/contoso.onmicrosoft.com", "https://" + tenantA + ".ciamlogin.com/" + tenantA + "/v2.0", true},
		{"https://contoso.ciamlogin.com/" + tenantA, "https://contoso.ciamlogin.com/" + tenantA + "/v2.0", true},
		{"https://contoso.ciamlogin.com/" + tenantA, "https://" + tenantB + ".ciamlogin.com/" + tenantB + "/v2.0", false},
		{"https://contoso.ciamlogin.com/contoso.onmicrosoft.com", "https://" + tenantB + ".ciamlogin.com/" + tenantA + "/v2.0", false},
		{"https://contoso.ciamlogin.com/contoso.onmicrosoft.com", "https://ciamlogin.com.attacker.example/" + tenantA + "/v2.0", false},
		{"https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a", "https://c.b2clogin.com/" + tenantA + "/v2.0/", true},
		{"https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a", "https://c.b2clogin.com/tfp/" + tenantA + "/b2c_1_a/v2.0/", true},
		{"https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a", "https://login.microsoftonline.com/" + tenantA + "/v2.0/", false},
		{"https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a", "https://c.b2clogin.com/c.onmicrosoft.com/v2.0/", false},
		{"https://c.b2clogin.com/c.onmicrosoft.com/B2C_1_a", "https://c.b2clogin.com/{tenantid}/v2.0/", false},
	} {
		a, err := ParseAuthority(c.authority)
		require.NoError(t, err, c.authority)
		assert.Equal(t, c.fits, a.checkIssuer(c.issuer) == nil, "%s with %s", c.authority, c.issuer)
	}
	a, err := ParseIssuer("https://provider.example/")
	require.NoError(t, err)
	assert.NoError(t, a.checkIssuer("https://provider.example/"))
	assert.Error(t, a.checkIssuer("https://provider.example"))
}

func TestIssuerTemplate(t *testing.T) {
	many := issuerTemplate("https://host/{tenantid}/v2.0")
	assert.True(t, many.matches("https://host/"+tenantA+"/v2.0"))
	for _, issuer := range []string{"", "https://host/{tenantid}/v2.0", "https://host//v2.0", "https://host/" + tenantA + "/v2.0/x", "https://host/x/" + tenantA + "/v2.0"} {
		assert.False(t, many.matches(issuer), issuer)
	}
}

func makeKeys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	keys := map[string]crypto.Signer{}
	var err error
	keys["RS256"], err = rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	keys["PS512"] = keys["RS256"]
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		keys[alg], err = ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
	}
	_, keys["EdDSA"], err = ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return keys
}

// TestEveryAlgorithm signs with each kind of key and verifies with what the
// key set says of it.
func TestEveryAlgorithm(t *testing.T) {
	for alg, private := range makeKeys(t) {
		jwk, err := jose.JSONWebKey{Key: private.Public(), KeyID: "k", Use: "sig"}.MarshalJSON()
		require.NoError(t, err)
		set, err := parseKeySet([]byte(`{"keys":[` + string(jwk) + `]}`))
		require.NoError(t, err, alg)
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: private}, nil)
		require.NoError(t, err)
		jws, err := signer.Sign([]byte(`{"a":1}`))
		require.NoError(t, err)
		compact, err := jws.CompactSerialize()
		require.NoError(t, err)

		h := header{alg: alg}
		payload, _, err := checkSignature(compact, kindIDToken, h, set.candidates("", alg))
		require.NoError(t, err, alg)
		assert.JSONEq(t, `{"a":1}`, string(payload))
		for _, other := range signatureAlgorithms() {
			if other[:2] != alg[:2] && !(alg[0] != 'E' && other[0] != 'E') {
				assert.Empty(t, set.candidates("k", other), "%s must not use a key for %s", other, alg)
			}
		}
	}
}

func TestWeakKeysAreLeftOut(t *testing.T) {
	n := strings.Repeat("_", 170) // 1020 bits
	_, ok := parseKey([]byte(`{"kty":"RSA","n":"` + n + `","e":"AQAB"}`))
	assert.False(t, ok)
	_, ok = parseKey([]byte(`{"kty":"RSA","n":"` + strings.Repeat("_", 2731) + `","e":"AQAB"}`))
	assert.False(t, ok)
	_, ok = parseKey([]byte(`{"kty":"RSA","kty":"RSA","n":"` + strings.Repeat("_", 342) + `","e":"AQAB"}`))
	assert.False(t, ok)
}

// TestPublishedPrivateKeysAreLeftOut keeps out keys that everybody can sign
// with, which are good keys but for that.
func TestPublishedPrivateKeysAreLeftOut(t *testing.T) {
	private := makeKeys(t)["ES256"]
	public, err := jose.JSONWebKey{Key: private.Public()}.MarshalJSON()
	require.NoError(t, err)
	_, ok := parseKey(public)
	require.True(t, ok)
	whole, err := jose.JSONWebKey{Key: private}.MarshalJSON()
	require.NoError(t, err)
	_, ok = parseKey(whole)
	assert.False(t, ok)
}

func TestAccessTokenHashByAlgorithm(t *testing.T) {
	// OpenID Connect Core 1.0, appendix A.3.
	assert.Equal(t, "77QmUPtjPfzWtF2AnpK9RQ", leftHalfHash("RS256", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"))
	for alg, length := range map[string]int{"ES384": 32, "PS512": 43, "EdDSA": 43} {
		assert.Len(t, leftHalfHash(alg, "x"), length)
	}
}

func TestProviderErrorForms(t *testing.T) {
	const id = "0F5D2B6E-1c47-4a83-9be2-7a60d3f1c851"
	e := newProviderError("access_denied", "AADSTS65004: The user adele@contoso.example declined.\r\nTrace ID: "+id+
		"\r\nCorrelation ID: "+id+"\r\nTimestamp: 2026-11-23 12:00:00Z")
	assert.Equal(t, 65004, e.Number)
	assert.Equal(t, id, e.TraceID)
	assert.Equal(t, id, e.CorrelationID)
	assert.Equal(t, "2026-11-23 12:00:00Z", e.Timestamp)

	e = newProviderError("a\nb", "AADSTS1: x AADSTSabc Correlation ID: "+id+"0 Timestamp: now")
	assert.Equal(t, unknownCode, e.Code)
	assert.Zero(t, e.Number)
	assert.Empty(t, e.CorrelationID)
	assert.Empty(t, e.Timestamp)

	doc, err := parseObject([]byte(`{"error":"invalid_grant","error_codes":[50173],"trace_id":"adele@contoso.example","claims":"no JSON"}`))
	require.NoError(t, err)
	e = tokenError(doc)
	assert.Equal(t, 50173, e.Number)
	assert.Empty(t, e.TraceID)
	assert.Empty(t, e.Claims)
}

func FuzzProviderError(f *testing.F) {
	f.Add("access_denied", "AADSTS65004: User declined. Trace ID: 0f5d2b6e-1c47-4a83-9be2-7a60d3f1c851 Timestamp: 2026-11-23 12:00:00Z")
	f.Add("", "")
	f.Add("x@y", "Correlation ID: x@y AADSTS99999999999999999999")
	f.Fuzz(func(t *testing.T, code, description string) {
		e := newProviderError(code, description)
		for _, text := range []string{e.Error(), e.CorrelationID, e.TraceID, e.Timestamp, e.Code} {
			assert.NotContains(t, text, "@")
			assert.NotContains(t, text, "\n")
			assert.Less(t, len(text), 200)
		}
		assert.NotNil(t, e.Kind)
	})
}

func FuzzParseClaims(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"sub":"x","exp":1}`, `{"a":1,"a":2}`, `{"a":{"b":[{"c":null}]}}`, `[]`, `null`, `{"SUB":1}`, `{"a":1}x`, "{\"\xff\":1}",
		`{"exp":1e400,"a":[-1e400]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		claims, err := parseClaims(data, kindIDToken)
		if err != nil {
			return
		}
		// Not into any: a number beyond float64 is JSON too (RFC 8259, section 6).
		var plain map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &plain), "whatever is accepted is JSON")
		assert.Len(t, plain, len(claims))
		for name := range claims {
			claims.text(name)
			claims.texts(name)
			claims.date(name)
		}
		token := &jwt{claims: claims}
		token.listClaims()
	})
}

// decoderFindsDuplicates is the slow and plain way to do what walker does.
func decoderFindsDuplicates(dec *json.Decoder) bool {
	token, err := dec.Token()
	if err != nil || token != json.Delim('{') && token != json.Delim('[') {
		return false
	}
	seen, found := map[string]bool{}, false
	for dec.More() {
		if token == json.Delim('{') {
			name, err := dec.Token()
			if err != nil {
				return found
			}
			found = found || seen[name.(string)]
			seen[name.(string)] = true
		}
		if decoderFindsDuplicates(dec) {
			found = true
		}
	}
	if _, err := dec.Token(); err != nil {
		return found
	}
	return found
}

func FuzzDuplicates(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"\u0061":2}`, `{"a":[{"b":"}\"","b":1}]}`, `{"a" : {} , "b" : [ ] ,"c":-1e5}`, `{"":1,"":2}`,
		`{"\ud800":1,"\ud801":2}`, `{"\"":1,"\\":2,"a\\":3}`, `{"a":"\\","a":1}`, `{"a":true,"b":null,"a":0}`,
		`{"a":1e400,"b":1,"b":2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var plain map[string]json.RawMessage
		if !utf8.Valid(data) || json.Unmarshal(data, &plain) != nil || plain == nil {
			_, err := parseObject(data)
			assert.Error(t, err)
			return
		}
		_, err := parseObject(data)
		if errors.Is(err, errTooDeep) {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber() // else a number beyond float64 ends the search
		assert.Equal(t, decoderFindsDuplicates(dec), errors.Is(err, errDuplicate))
	})
}

func FuzzParseAuthority(f *testing.F) {
	for _, seed := range []string{
		"https://login.microsoftonline.com/common", "http://localhost:1/" + tenantA, "https://a.b2clogin.com/tfp/a.onmicrosoft.com/p",
		"https://x/%2e%2e/common", "https://[::1]/common", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAuthority(text)
		if err != nil {
			return
		}
		u, err := parseWebURL(a.DiscoveryURL())
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(u.Path, "/v2.0/.well-known/openid-configuration"))
		assert.Error(t, a.checkIssuer(""))
		again, err := ParseAuthority(text + "/")
		if err == nil {
			assert.Equal(t, a.DiscoveryURL(), again.DiscoveryURL())
		}
	})
}
