package idtoken

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/ports"
	"webapp/internal/test/rsakeys"
)

// makeKeys returns a new key of each kind, and the shared RSA key number i.
func makeKeys(t *testing.T, i int) map[string]crypto.Signer {
	t.Helper()
	keys := map[string]crypto.Signer{"RS256": rsakeys.Key(i), "PS512": rsakeys.Key(i)}
	var err error
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		keys[alg], err = ecdsa.GenerateKey(curve, rand.Reader)
		require.NoError(t, err)
	}
	_, keys["EdDSA"], err = ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return keys
}

// verifierOf returns the verifier of an OpenID Provider with these keys.
func verifierOf(set KeySet) Verifier {
	return Verifier{
		Authority:  authority.Authority{Kind: authority.KindOther},
		Issuer:     "https://provider.example",
		Algorithms: Algorithms(),
		ClientID:   "app",
		Keys:       func(context.Context, string) (KeySet, error) { return set, nil },
		Clock:      func() time.Time { return time.Unix(2_000_000_000, 0) },
		Log:        slog.New(slog.DiscardHandler),
	}
}

// sign returns a signed token. go-jose does not know the name Ed25519.
func sign(t *testing.T, private crypto.Signer, alg, claims string) string {
	t.Helper()
	if alg == "Ed25519" {
		text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"Ed25519"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(private.(ed25519.PrivateKey), []byte(text)))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: private}, nil)
	require.NoError(t, err)
	jws, err := signer.Sign([]byte(claims))
	require.NoError(t, err)
	compact, err := jws.CompactSerialize()
	require.NoError(t, err)
	return compact
}

// TestEveryAlgorithm signs with each kind of key and verifies with the parsed key set.
func TestEveryAlgorithm(t *testing.T) {
	for alg, private := range makeKeys(t, 0) {
		jwk, err := jose.JSONWebKey{Key: private.Public(), KeyID: "k", Use: "sig"}.MarshalJSON()
		require.NoError(t, err)
		set, err := ParseKeySet([]byte(`{"keys":[` + string(jwk) + `]}`))
		require.NoError(t, err, alg)
		claims := `{"iss":"https://provider.example","aud":"app","sub":"x","nonce":"n","exp":2000000060,"iat":2000000000}`
		for _, name := range Algorithms() {
			if !sameAlgorithm(name, alg) {
				continue
			}
			got, err := verifierOf(set).Verify(t.Context(), sign(t, private, name, claims), Expected{Nonce: "n"})
			require.NoError(t, err, name)
			assert.Equal(t, "x", got.Identity.Subject)
			_, err = verifierOf(set).Verify(t.Context(), sign(t, makeKeys(t, 1)[alg], name, claims), Expected{Nonce: "n"})
			require.ErrorIs(t, err, ports.ErrTokenRefused, "signed by another key: %s", name)
			_, err = verifierOf(set).Verify(t.Context(), lengthened(t, sign(t, private, name, claims)), Expected{Nonce: "n"})
			require.ErrorIs(t, err, ports.ErrTokenRefused, "a signature of another length: %s", name)
		}
		for _, other := range Algorithms() {
			if !sameAlgorithm(other, alg) && other[:2] != alg[:2] && !(alg[0] != 'E' && other[0] != 'E') {
				assert.Empty(t, set.candidates("k", other), "%s must not use a key for %s", other, alg)
			}
		}
	}
}

// lengthened returns the token with a zero byte in the middle of its signature. The
// second half of an ECDSA signature is a number, which stays the same.
func lengthened(t *testing.T, raw string) string {
	t.Helper()
	end := strings.LastIndexByte(raw, '.') + 1
	signature, err := base64.RawURLEncoding.DecodeString(raw[end:])
	require.NoError(t, err)
	return raw[:end] + base64.RawURLEncoding.EncodeToString(slices.Insert(signature, len(signature)/2, 0))
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

// TestPublishedPrivateKeysAreLeftOut checks keys with a private part: everybody can
// sign with them.
func TestPublishedPrivateKeysAreLeftOut(t *testing.T) {
	private := makeKeys(t, 0)["ES256"]
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

func FuzzParseClaims(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"sub":"x","exp":1}`, `{"a":1,"a":2}`, `{"a":{"b":[{"c":null}]}}`, `[]`, `null`, `{"SUB":1}`, `{"a":1}x`, "{\"\xff\":1}",
		`{"exp":1e400,"a":[-1e400]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		claims, err := parseClaims(data, idToken)
		if err != nil {
			return
		}
		// Not into any: a number beyond float64 is JSON too (RFC 8259, section 6).
		var plain map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &plain), "whatever is accepted is JSON")
		assert.Len(t, plain, len(slices.Collect(claims.Names())))
		for name := range claims.Names() {
			claims.Text(name)
			claims.Texts(name)
			date(claims, name)
		}
		token := &jwt{claims: claims}
		token.listClaims()
	})
}

// planted is in every text of the seed documents. An error that quotes a document
// would have it.
const planted = "Zq9planted"

// FuzzKeySet reads keys that an attacker could have written. It accepts only strong
// public keys.
func FuzzKeySet(f *testing.F) {
	const tenant = "https://login.microsoftonline.com/7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"
	n := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\xa7", 256)))
	for _, key := range []string{
		`{"kty":"RSA","use":"sig","kid":"` + planted + `","n":"` + n + `","e":"AQAB","x5c":["` + planted + `"],"issuer":"` + tenant + `/v2.0"}`,
		`{"kty":"RSA","kid":"` + planted + `","n":"` + n[:100] + `","e":"AQAB"}`,
		`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`, // RFC 7515, A.3
		`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,                                                // RFC 8037, A.2
		`{"kty":"oct","k":"` + planted + `"}`, `{"kty":"RSA","d":"` + planted + `","n":"` + n + `","e":"AQAB"}`, `"` + planted + `"`,
	} {
		f.Add([]byte(`{"keys":[` + key + `]}`))
		f.Add([]byte(`{"keys":[` + key + `,` + key + `]}`))
	}
	f.Add([]byte(`{"keys":"` + planted + `"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := ParseKeySet(data)
		if err != nil {
			require.NotContains(t, err.Error(), planted)
			return
		}
		checkKeySet(t, set)
	})
}

func checkKeySet(t *testing.T, set KeySet) {
	require.NotEmpty(t, set)
	require.LessOrEqual(t, len(set), maxKeys)
	for _, key := range set {
		require.True(t, strong(key.public))
		require.LessOrEqual(t, len(key.id), maxKeyIDBytes)
		for _, alg := range []string{"", "none", "HS256", "HS384", "HS512", planted} {
			require.Empty(t, set.candidates(key.id, alg))
		}
		for _, alg := range Algorithms() {
			for _, one := range set.candidates(key.id, alg) {
				require.True(t, key.id == "" || one.id == key.id)
			}
			require.LessOrEqual(t, len(set.candidates("", alg)), 1, "a token does not choose among keys")
		}
	}
}
