package entra_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

func TestRotationJustBeforeASignIn(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	w.idp.RotateKeys(fakeidp.DropOldKeys)
	w.mustSignIn(t, fakeidp.UserMember)
	assert.Equal(t, 2, w.idp.Requests(fakeidp.EndpointKeys))

	w.idp.RotateKeys(fakeidp.DropOldKeys)
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused, "the second rotation within five minutes waits")
	w.clock.Advance(5 * time.Minute)
	w.mustSignIn(t, fakeidp.UserMember)
	assert.Equal(t, 3, w.idp.Requests(fakeidp.EndpointKeys))
}

// TestASecondRotation comes when the allowance of the first is there again.
func TestASecondRotation(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	for want := 2; want < 5; want++ {
		w.idp.RotateKeys(fakeidp.DropOldKeys)
		w.mustSignIn(t, fakeidp.UserMember)
		assert.Equal(t, want, w.idp.Requests(fakeidp.EndpointKeys))
		w.clock.Advance(6 * time.Minute)
	}
}

// TestKeysOfYesterdayAreNotUsed waits for new ones once the old are a day old.
func TestKeysOfYesterdayAreNotUsed(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`{"alg":"RS256"}`) })
	w.mustSignIn(t, fakeidp.UserMember)
	w.idp.RotateKeys(fakeidp.DropOldKeys)
	w.clock.Advance(25 * time.Hour)
	w.mustSignIn(t, fakeidp.UserMember)
}

func TestAnOutageOfTheKeysAloneIsNotNoticed(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	w.idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Status: 500, Body: "x"})
	for range 3 {
		w.clock.Advance(13 * time.Hour)
		w.mustSignIn(t, fakeidp.UserMember)
	}
}

func TestRotationDuringAnOutageOfTheKeys(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	w.idp.RotateKeys(fakeidp.DropOldKeys)
	w.idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Status: 500, Body: "x"})
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrProviderUnavailable, "the key may be good; nobody can tell")
	w.idp.Heal()
	w.clock.Advance(10 * time.Second)
	w.mustSignIn(t, fakeidp.UserMember)
}

func TestAFloodOfUnknownKeysIsBounded(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	w.idp.Mutate(sign(fakeidp.SignUnknownKey))
	for range 1000 {
		_, err := w.signIn(t, fakeidp.UserMember)
		require.ErrorIs(t, err, ports.ErrTokenRefused)
		w.clock.Advance(time.Second)
	}
	// 1000 seconds are three times five minutes and a bit.
	assert.LessOrEqual(t, w.idp.Requests(fakeidp.EndpointKeys), 1+4)
}

func TestABadSignatureNeverFetches(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	for _, how := range []fakeidp.Signing{fakeidp.SignBroken, fakeidp.SignForeign} {
		w.idp.Mutate(sign(how))
		for range 10 {
			_, err := w.signIn(t, fakeidp.UserMember)
			require.ErrorIs(t, err, ports.ErrTokenRefused)
		}
	}
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointKeys))
}

func TestUnusableKeysAreLeftOut(t *testing.T) {
	w := contoso(t)
	w.idp.MutateKeys(func(_ string, document map[string]any) {
		good := document["keys"].([]any)[0].(map[string]any)
		like := func(name string, value any) map[string]any {
			bad := map[string]any{}
			for k, v := range good {
				bad[k] = v
			}
			bad["kid"], bad[name] = "other", value
			return bad
		}
		document["keys"] = []any{
			"no key", 7, nil, map[string]any{},
			like("kty", "oct"), like("kty", "XYZ"), like("use", "enc"), like("n", "AQAB"), like("n", "!"),
			like("e", "AA"), like("d", "AQAB"), like("use", 1), like("key_ops", []string{"encrypt"}),
			map[string]any{"kty": "oct", "k": "c2VjcmV0", "kid": "mac", "use": "sig"},
			like("x5c", []string{"not a certificate"}), good,
		}
	})
	w.mustSignIn(t, fakeidp.UserMember)
	// The one with an odd certificate is good too, so a token without a kid is
	// ambiguous.
	w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.HeaderJSON = []byte(`{"alg":"RS256"}`) })
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
}

func TestKeySetsWithoutAnyUsableKey(t *testing.T) {
	for name, keys := range map[string]any{
		"none": []any{}, "no list": "keys", "null": nil, "not one usable": []any{map[string]any{"kty": "oct", "k": "AA"}},
		"too many": make([]any, 1000),
	} {
		w := contoso(t)
		w.idp.MutateKeys(func(_ string, document map[string]any) { document["keys"] = keys })
		assert.ErrorIs(t, w.provider.Ready(t.Context()), ports.ErrProviderUnavailable, name)
	}
}

func TestAKeyForAnotherAlgorithmIsNotUsed(t *testing.T) {
	w := contoso(t)
	w.idp.MutateKeys(func(_ string, document map[string]any) {
		for _, key := range document["keys"].([]any) {
			key.(map[string]any)["alg"] = "PS256"
		}
	})
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointKeys), "its ID is known, so nothing is fetched")
}
