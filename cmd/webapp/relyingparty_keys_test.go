package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// ellipticKey is the provider's key for ES256.
var ellipticKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// secondKey is another RSA key of the provider's.
var secondKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// publicMembers are the members of a key's JWK.
func publicMembers(t *testing.T, public any) map[string]any {
	t.Helper()
	text, err := jose.JSONWebKey{Key: public}.MarshalJSON()
	require.NoError(t, err)
	members := make(map[string]any)
	require.NoError(t, json.Unmarshal(text, &members))
	return members
}

// signES256 is a token that the provider's elliptic key has signed, and signed
// right.
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
