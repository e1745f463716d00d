package entra_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// FuzzLogoutToken verifies unsigned bytes, which are always refused, and claims that
// the provider's key has signed. Accepted claims must be those of a logout token for
// this application (OpenID Connect Back-Channel Logout 1.0, section 2.4).
func FuzzLogoutToken(f *testing.F) {
	w := contoso(f)
	draft := w.logoutDraft()
	claims, err := json.Marshal(draft.Claims)
	require.NoError(f, err)
	token, err := w.idp.Sign(*draft)
	require.NoError(f, err)
	f.Add(true, claims)
	f.Add(true, []byte(`{"iss":1,"aud":[],"events":{},"jti":"","sid":"x"}`))
	f.Add(true, []byte(`{"events":{"`+logoutEvent+`":{}},"nonce":null}`))
	f.Add(false, []byte("e30.e30."))
	f.Add(false, []byte(`eyJhbGciOiJub25lIn0.`+token[:20]+"."))
	f.Fuzz(func(t *testing.T, signed bool, data []byte) {
		if !signed {
			got, err := w.provider.VerifyLogoutToken(t.Context(), string(data))
			require.Error(t, err)
			require.Zero(t, got)
			return
		}
		got, err := w.verifyLogout(t, func(d *fakeidp.TokenDraft) { d.ClaimsJSON = data })
		if err != nil {
			require.Zero(t, got)
			return
		}
		var says struct {
			Iss    string                     `json:"iss"`
			Aud    any                        `json:"aud"`
			Sub    string                     `json:"sub"`
			Sid    string                     `json:"sid"`
			Jti    string                     `json:"jti"`
			Nonce  *string                    `json:"nonce"`
			Events map[string]json.RawMessage `json:"events"`
		}
		require.NoError(t, json.Unmarshal(data, &says))
		require.Equal(t, w.idp.Issuer(fakeidp.ContosoTenantID), says.Iss)
		require.Contains(t, []any{fakeidp.DefaultClientID, []any{fakeidp.DefaultClientID}}, says.Aud)
		require.Contains(t, says.Events, logoutEvent)
		require.Nil(t, says.Nonce)
		require.NotEmpty(t, says.Jti)
		require.NotEmpty(t, says.Sub+says.Sid)
		require.Equal(t, []string{says.Iss, says.Sub, says.Sid, says.Jti},
			[]string{got.Issuer, got.Subject, got.ProviderSession, got.ID})
	})
}
