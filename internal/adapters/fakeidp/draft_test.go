package fakeidp_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

func TestBadIDTokensAreBadForAnIndependentVerifier(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	signing := func(s fakeidp.Signing) func(*fakeidp.TokenDraft) {
		return func(d *fakeidp.TokenDraft) { d.Signing = s }
	}
	for name, mutate := range map[string]func(*fakeidp.TokenDraft){
		"another key under our kid":   signing(fakeidp.SignForeign),
		"a key nobody published":      signing(fakeidp.SignUnknownKey),
		"a key of another tenant":     signing(fakeidp.SignTenantKey),
		"alg none":                    signing(fakeidp.SignNone),
		"HS256 with the public key":   signing(fakeidp.SignHS256Public),
		"HS256 with the secret":       signing(fakeidp.SignHS256Secret),
		"PS256":                       signing(fakeidp.SignPS256),
		"a broken signature":          signing(fakeidp.SignBroken),
		"another issuer":              func(d *fakeidp.TokenDraft) { d.Claims["iss"] = "https://evil.example/v2.0" },
		"another audience":            func(d *fakeidp.TokenDraft) { d.Claims["aud"] = "somebody else" },
		"no audience":                 func(d *fakeidp.TokenDraft) { delete(d.Claims, "aud") },
		"expired":                     func(d *fakeidp.TokenDraft) { d.Claims["exp"] = 1000 },
		"a wrong type":                func(d *fakeidp.TokenDraft) { d.Claims["exp"] = "soon" },
		"broken JSON":                 func(d *fakeidp.TokenDraft) { d.ClaimsJSON = []byte(`{"iss":`) },
		"a header that lies on alg":   func(d *fakeidp.TokenDraft) { d.Header["alg"] = "ES256" },
		"not a token at all":          func(d *fakeidp.TokenDraft) { d.Raw = func(string) string { return "not a token" } },
		"a payload exchanged":         func(d *fakeidp.TokenDraft) { d.Raw = exchangePayload },
		"an unknown critical header":  func(d *fakeidp.TokenDraft) { d.Header["crit"] = []string{"x"}; d.Header["x"] = 1 },
		"a header given byte by byte": func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`{"alg":"RS256"`) },
	} {
		t.Run(name, func(t *testing.T) {
			rp.idp.Mutate(mutate)
			token, err := rp.exchange(rp.code(fakeidp.UserMember))
			require.NoError(t, err)
			_, err = rp.verifier.Verify(t.Context(), token.Extra("id_token").(string))
			require.Error(t, err)
		})
	}
	rp.idp.Mutate(nil)
	rp.signIn(fakeidp.UserMember)
}

func exchangePayload(compact string) string {
	parts := strings.Split(compact, ".")
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"somebody else"}`))
	return strings.Join(parts, ".")
}

func TestADraftNamesItsSignIn(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	var seen []fakeidp.TokenDraft
	rp.idp.Mutate(func(d *fakeidp.TokenDraft) {
		seen = append(seen, *d)
		d.ClaimsJSON = []byte(`{"nonce":"one","nonce":"two"}`)
		d.Response["expires_in"] = "soon"
	})
	token := rp.postRaw(rp.codeForm(), nil)
	require.Len(t, seen, 1)
	assert.Equal(t, fakeidp.UserMember, seen[0].Username)
	assert.Equal(t, fakeidp.DefaultClientID, seen[0].ClientID)
	assert.Equal(t, "authorization_code", seen[0].GrantType)
	assert.Equal(t, rp.nonce, seen[0].Claims["nonce"])
	assert.Equal(t, "soon", token["expires_in"])
	sent, err := base64.RawURLEncoding.DecodeString(strings.Split(token["id_token"].(string), ".")[1])
	require.NoError(t, err)
	assert.Equal(t, `{"nonce":"one","nonce":"two"}`, string(sent), "byte for byte")

	rp.idp.Mutate(func(d *fakeidp.TokenDraft) { d.OmitIDToken = true })
	assert.NotContains(t, rp.postRaw(rp.codeForm(), nil), "id_token")
}

func TestAChangedRefreshTokenIsTheOneThatWorks(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	rp.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Response["refresh_token"] = "short" })
	rp.signIn(fakeidp.UserMember)
	answer := rp.post(map[string][]string{"grant_type": {"refresh_token"}, "refresh_token": {"short"}})
	assert.NotEmpty(t, answer["access_token"])
}

func TestKeyRotation(t *testing.T) {
	idp := start(t)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	rp.signIn(fakeidp.UserMember)
	old, err := rp.exchange(rp.code(fakeidp.UserMember))
	require.NoError(t, err)
	verify := func() error {
		fresh := newParty(t, idp, fakeidp.ContosoTenantID).verifier // with the key set of now
		_, err := fresh.Verify(t.Context(), old.Extra("id_token").(string))
		return err
	}
	idp.RotateKeys(fakeidp.KeepOldKeys)
	rp.signIn(fakeidp.UserMember)
	require.NoError(t, verify(), "the old key is still published")
	idp.RotateKeys(fakeidp.DropOldKeys)
	rp.signIn(fakeidp.UserMember)
	require.Error(t, verify(), "the old key is gone")
}

func TestSignMakesLogoutTokens(t *testing.T) {
	idp := start(t)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	token, err := idp.Sign(fakeidp.TokenDraft{
		Header: map[string]any{"typ": "logout+jwt"},
		Claims: map[string]any{"iss": idp.Issuer(fakeidp.ContosoTenantID), "aud": fakeidp.DefaultClientID, "exp": 4102444800, "sub": "s"},
	})
	require.NoError(t, err)
	verified, err := rp.verifier.Verify(t.Context(), token)
	require.NoError(t, err)
	assert.Equal(t, "s", verified.Subject)
}

func TestAtHashOnRequest(t *testing.T) {
	rp := newParty(t, start(t, func(c *fakeidp.Config) { c.AtHash = true }), fakeidp.ContosoTenantID)
	token, _ := rp.signIn(fakeidp.UserMember)
	idToken, err := rp.verifier.Verify(t.Context(), token.Extra("id_token").(string))
	require.NoError(t, err)
	require.NoError(t, idToken.VerifyAccessToken(token.AccessToken))
}

func TestDocumentsCanBeChanged(t *testing.T) {
	idp := start(t)
	idp.MutateMetadata(func(tenant string, document map[string]any) {
		document["issuer"] = "https://evil.example"
		assert.Equal(t, "common", tenant)
	})
	_, err := oidc.NewProvider(t.Context(), idp.Authority("common")+"/v2.0")
	require.ErrorContains(t, err, "evil.example")
	idp.MutateMetadata(nil)
	idp.MutateKeys(func(_ string, document map[string]any) { document["keys"] = []any{} })
	keys, err := json.Marshal(document(t, idp.Authority("common")+"/discovery/v2.0/keys"))
	require.NoError(t, err)
	assert.JSONEq(t, `{"keys":[]}`, string(keys))
}

// A client that caches the key set accepts the first token after a rotation.
func TestTheKeySetListsTheNextKeysBeforeTheySign(t *testing.T) {
	idp := start(t, func(c *fakeidp.Config) { c.NextKeys = true })
	keyIDs := func() (ids []string) {
		var set jose.JSONWebKeySet
		require.NoError(t, json.NewDecoder(get(t, idp.Authority("common")+"/discovery/v2.0/keys", "").Body).Decode(&set))
		for _, key := range set.Keys {
			ids = append(ids, key.KeyID)
		}
		return ids
	}
	signer := func() string {
		token, err := idp.Sign(fakeidp.TokenDraft{Claims: map[string]any{}})
		require.NoError(t, err)
		parsed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
		require.NoError(t, err)
		return parsed.Signatures[0].Header.KeyID
	}
	before := keyIDs()
	require.Len(t, before, 4, "the common key and the one of personal accounts, each with its successor")
	old := signer()
	assert.Equal(t, old, signer())
	idp.RotateKeys(fakeidp.KeepOldKeys)
	assert.NotEqual(t, old, signer(), "another key signs")
	assert.Contains(t, before, signer(), "and was in the key set before")
	after := keyIDs()
	assert.Subset(t, after, before, "tokens of the old key are still valid")
	assert.Len(t, after, 6, "and the next rotation is announced")
	idp.RotateKeys(fakeidp.DropOldKeys)
	assert.Contains(t, after, signer())
	assert.NotContains(t, keyIDs(), old)
}
