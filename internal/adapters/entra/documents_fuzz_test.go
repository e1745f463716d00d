package entra

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// planted stands in the seeds wherever a document has text of its own: an error
// that quoted what it was given would show it.
const planted = "Zq9planted"

// FuzzProviderDocuments reads metadata and keys as somebody in the provider's
// place may write them. What is accepted leads to nobody on plain http, offers
// no algorithm that anybody could sign with, and holds strong public keys only.
func FuzzProviderDocuments(f *testing.F) {
	const tenant = "https://login.microsoftonline.com/" + tenantA
	authority, err := ParseAuthority(tenant)
	require.NoError(f, err)
	metadata := func(change map[string]any) []byte {
		doc := map[string]any{
			"issuer": tenant + "/v2.0", "authorization_endpoint": tenant + "/oauth2/v2.0/authorize",
			"token_endpoint": tenant + "/oauth2/v2.0/token", "jwks_uri": tenant + "/discovery/v2.0/keys",
			"end_session_endpoint": tenant + "/oauth2/v2.0/logout", "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
			"id_token_signing_alg_values_supported": []string{"RS256", planted},
			"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
			"response_modes_supported":              []string{"query", "form_post"}, "cloud_instance_name": planted,
		}
		for name, value := range change {
			doc[name] = value
		}
		text, err := json.Marshal(doc)
		require.NoError(f, err)
		return text
	}
	f.Add(false, metadata(nil))
	for name, value := range map[string]any{
		"issuer": "https://" + planted, "token_endpoint": "http://" + planted, "jwks_uri": "https://" + planted + ":x@login.microsoftonline.com/",
		"authorization_endpoint": planted, "end_session_endpoint": "https://" + planted + "#", "id_token_signing_alg_values_supported": []string{"none", "HS256", planted},
		"prompt_values_supported": planted, "authorization_response_iss_parameter_supported": planted,
	} {
		f.Add(false, metadata(map[string]any{name: value}))
	}
	f.Add(false, []byte(`{"issuer":"`+planted+`","issuer":"`+planted+`"}`))
	n := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\xa7", 256)))
	for _, key := range []string{
		`{"kty":"RSA","use":"sig","kid":"` + planted + `","n":"` + n + `","e":"AQAB","x5c":["` + planted + `"],"issuer":"` + tenant + `/v2.0"}`,
		`{"kty":"RSA","kid":"` + planted + `","n":"` + n[:100] + `","e":"AQAB"}`,
		`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`, // RFC 7515, A.3
		`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,                                                // RFC 8037, A.2
		`{"kty":"oct","k":"` + planted + `"}`, `{"kty":"RSA","d":"` + planted + `","n":"` + n + `","e":"AQAB"}`, `"` + planted + `"`,
	} {
		f.Add(true, []byte(`{"keys":[`+key+`]}`))
		f.Add(true, []byte(`{"keys":[`+key+`,`+key+`]}`))
	}
	f.Add(true, []byte(`{"keys":"`+planted+`"}`))
	f.Fuzz(func(t *testing.T, keys bool, data []byte) {
		if keys {
			set, err := parseKeySet(data)
			if err != nil {
				require.NotContains(t, err.Error(), planted)
				return
			}
			checkKeySet(t, set)
			return
		}
		m, err := parseMetadata(data, authority)
		if err != nil {
			require.NotContains(t, err.Error(), planted)
			return
		}
		require.Equal(t, tenant+"/v2.0", string(m.issuer))
		require.Empty(t, m.userInfo, "Entra's is never asked")
		for _, text := range []string{m.authorization, m.token, m.jwks, m.endSession} {
			u, err := url.Parse(text)
			require.NoError(t, err)
			require.True(t, text == "" && text == m.endSession || u.Scheme == "https" && u.Host != "" && u.User == nil && u.Fragment == "", text)
		}
		require.NotEmpty(t, m.algorithms)
		for _, alg := range m.algorithms {
			require.Contains(t, signatureAlgorithms(), alg)
		}
	})
}

func checkKeySet(t *testing.T, set keySet) {
	require.NotEmpty(t, set)
	require.LessOrEqual(t, len(set), maxKeys)
	for _, key := range set {
		require.True(t, strong(key.public))
		require.LessOrEqual(t, len(key.id), maxKeyIDBytes)
		for _, alg := range []string{"", "none", "HS256", "HS384", "HS512", planted} {
			require.Empty(t, set.candidates(key.id, alg))
		}
		for _, alg := range signatureAlgorithms() {
			for _, one := range set.candidates(key.id, alg) {
				require.True(t, key.id == "" || one.id == key.id)
			}
			require.LessOrEqual(t, len(set.candidates("", alg)), 1, "a token does not choose among keys")
		}
	}
}
