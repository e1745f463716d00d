package entra_test

import (
	"context"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
	"webapp/internal/test/rsakeys"
)

// TestRotationJustBeforeASignIn rotates the keys many times. No rotation uses up the
// rate limit for the next one.
func TestRotationJustBeforeASignIn(t *testing.T) {
	w := contoso(t)
	w.mustSignIn(t, fakeidp.UserMember)
	for want := 2; want < 6; want++ {
		w.idp.RotateKeys(fakeidp.DropOldKeys)
		w.mustSignIn(t, fakeidp.UserMember)
		assert.Equal(t, want, w.idp.Requests(fakeidp.EndpointKeys))
		w.clock.Advance(time.Second)
	}
}

// TestAKeyThatIsPublishedLate signs ID tokens seconds before the keys endpoint, or one
// of its replicas, lists the key.
func TestAKeyThatIsPublishedLate(t *testing.T) {
	for name, c := range map[string]struct {
		faults []fakeidp.Fault
		want   error
	}{
		"listed at the second look":         {[]fakeidp.Fault{staleKeys(t)}, nil},
		"listed at the third look":          {[]fakeidp.Fault{staleKeys(t), staleKeys(t)}, nil},
		"the endpoint fails, and is back":   {[]fakeidp.Fault{{Status: 500, Body: "x", Times: 2}, staleKeys(t)}, nil},
		"not listed":                        {[]fakeidp.Fault{staleKeys(t), staleKeys(t), staleKeys(t)}, ports.ErrTokenRefused},
		"the endpoint fails all the time":   {[]fakeidp.Fault{{Status: 500, Body: "x"}}, ports.ErrProviderUnavailable},
		"the endpoint fails, then is stale": {[]fakeidp.Fault{{Status: 500, Body: "x", Times: 4}, staleKeys(t)}, ports.ErrTokenRefused},
	} {
		t.Run(name, func(t *testing.T) {
			w := contoso(t)
			w.mustSignIn(t, fakeidp.UserMember)
			began := w.clock.Now()
			w.idp.RotateKeys(fakeidp.DropOldKeys)
			for _, fault := range c.faults {
				w.idp.Fail(fakeidp.EndpointKeys, fault)
			}
			_, err := w.signIn(t, fakeidp.UserMember)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				w.idp.Heal()
				w.clock.Advance(time.Second)
				w.mustSignIn(t, fakeidp.UserMember)
				return
			}
			require.NoError(t, err)
			assert.LessOrEqual(t, w.clock.Now().Sub(began), 5*time.Second, "a sign-in does not wait for long")
		})
	}
}

// staleKeys is a response of the keys endpoint without the newest key.
func staleKeys(t *testing.T) fakeidp.Fault {
	t.Helper()
	members, err := jose.JSONWebKey{Key: rsakeys.Key(0).Public(), KeyID: "stale", Use: "sig"}.MarshalJSON()
	require.NoError(t, err)
	return fakeidp.Fault{Status: 200, Body: `{"keys":[` + string(members) + `]}`, Times: 1}
}

// TestASecondRotation rotates the keys again when the rate limit of the first refetch
// has passed.
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

// TestKeysOfYesterdayAreNotUsed checks that a sign-in waits for new keys if the old
// ones are a day old.
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

// However many people sign in, the keys are loaded at most once a second, and at most
// three times for one sign-in.
func TestAFloodOfUnknownKeysIsBounded(t *testing.T) {
	w := newWorld(t, fakeidp.ContosoTenantID, func(_ *fakeidp.Config, e *entra.Config) {
		e.Pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() } // time stands still
	})
	w.mustSignIn(t, fakeidp.UserMember)
	w.idp.Mutate(sign(fakeidp.SignUnknownKey))
	for second := 1; second <= 10; second++ {
		for range 10 {
			_, err := w.signIn(t, fakeidp.UserMember)
			require.ErrorIs(t, err, ports.ErrTokenRefused)
		}
		assert.Equal(t, 1+second, w.idp.Requests(fakeidp.EndpointKeys))
		w.clock.Advance(time.Second)
	}
	patient := contoso(t)
	patient.mustSignIn(t, fakeidp.UserMember)
	patient.idp.Mutate(sign(fakeidp.SignUnknownKey))
	_, err := patient.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	assert.Equal(t, 1+3, patient.idp.Requests(fakeidp.EndpointKeys))
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
