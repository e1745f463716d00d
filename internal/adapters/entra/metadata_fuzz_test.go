package entra

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra/authority"
	"webapp/internal/adapters/entra/idtoken"
)

// planted is in every text of the seed documents. An error that quotes a document
// would have it.
const planted = "Zq9planted"

// FuzzMetadata reads metadata that an attacker could have written. Accepted metadata
// have no plain http URL of another machine and no algorithm with which anybody could
// sign.
func FuzzMetadata(f *testing.F) {
	const tenant = "https://login.microsoftonline.com/" + tenantA
	configured, err := authority.Parse(tenant)
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
	f.Add(metadata(nil))
	for name, value := range map[string]any{
		"issuer": "https://" + planted, "token_endpoint": "http://" + planted, "jwks_uri": "https://" + planted + ":x@login.microsoftonline.com/",
		"authorization_endpoint": planted, "end_session_endpoint": "https://" + planted + "#", "id_token_signing_alg_values_supported": []string{"none", "HS256", planted},
		"prompt_values_supported": planted, "authorization_response_iss_parameter_supported": planted,
	} {
		f.Add(metadata(map[string]any{name: value}))
	}
	f.Add([]byte(`{"issuer":"` + planted + `","issuer":"` + planted + `"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseMetadata(data, configured)
		if err != nil {
			require.NotContains(t, err.Error(), planted)
			return
		}
		require.Equal(t, tenant+"/v2.0", string(m.issuer))
		require.Empty(t, m.userInfo, "Entra's is never asked")
		for _, text := range []string{m.authorization, m.token.URL, m.jwks, m.endSession} {
			u, err := url.Parse(text)
			require.NoError(t, err)
			require.True(t, text == "" && text == m.endSession || u.Scheme == "https" && u.Host != "" && u.User == nil && u.Fragment == "", text)
		}
		require.NotEmpty(t, m.algorithms)
		for _, alg := range m.algorithms {
			require.Contains(t, idtoken.Algorithms(), alg)
		}
	})
}
