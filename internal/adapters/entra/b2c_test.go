package entra_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/entra/credential"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

// policyPath is the path of the metadata of a policy. The fake provider does not have
// it: asPolicy serves the metadata of the tenant there.
const policyPath = "/contoso.onmicrosoft.com/B2C_1_signin"

type asPolicy struct{}

func (asPolicy) RoundTrip(r *http.Request) (*http.Response, error) {
	if rest, ok := strings.CutPrefix(r.URL.Path, policyPath); ok {
		r.URL.Path = "/" + fakeidp.ContosoTenantID + rest
	}
	return http.DefaultTransport.RoundTrip(r)
}

// newPolicy returns a provider that behaves as Azure AD B2C does: its own issuer, keys
// without an issuer, version 1.0, no tid, and an access token only for a scope.
func newPolicy(t *testing.T, issuerPath string) world {
	w := contoso(t)
	var err error
	w.provider, err = entra.New(policyConfig(w))
	require.NoError(t, err)
	issuer := w.idp.BaseURL() + issuerPath
	w.idp.MutateMetadata(func(_ string, m map[string]any) { m["issuer"] = issuer })
	w.idp.MutateKeys(func(_ string, document map[string]any) {
		for _, key := range document["keys"].([]any) {
			delete(key.(map[string]any), "issuer")
		}
	})
	w.idp.Mutate(func(d *fakeidp.TokenDraft) {
		d.Claims["iss"], d.Claims["ver"], d.Claims["tfp"] = issuer, "1.0", "B2C_1_signin"
		delete(d.Claims, "tid")
		delete(d.Claims, "login_hint")
		if d.Response["scope"] == "openid profile" {
			delete(d.Response, "access_token")
			delete(d.Response, "token_type")
			delete(d.Response, "expires_in")
		}
	})
	return w
}

func policyConfig(w world) entra.Config {
	return entra.Config{
		Authority: w.idp.BaseURL() + policyPath, ClientID: fakeidp.DefaultClientID, Credential: credential.Config{Secret: fakeidp.DefaultClientSecret},
		RedirectURI: redirectURI, PostLogoutRedirectURI: homeURI, Clock: w.clock.Now, Transport: asPolicy{},
	}
}

func TestPolicyOfAzureADB2C(t *testing.T) {
	for _, path := range []string{"/" + fakeidp.ContosoTenantID + "/v2.0/", "/tfp/" + fakeidp.ContosoTenantID + "/b2c_1_signin/v2.0/"} {
		w := newPolicy(t, path)
		in := w.mustSignIn(t, fakeidp.UserMember)
		assert.Equal(t, w.idp.BaseURL()+path, in.Identity.Issuer)
		assert.NotEmpty(t, in.Identity.Subject)
		assert.Empty(t, in.Identity.TenantID)
		assert.Empty(t, in.Identity.ObjectID, "an object ID without its tenant names nobody")
		assert.Empty(t, in.Tokens.AccessTokens)

		in = w.mustSignIn(t, fakeidp.UserMember, apiScope)
		require.Len(t, in.Tokens.AccessTokens, 1)
		fresh, err := w.provider.Refresh(t.Context(), refreshOf(in))
		require.NoError(t, err)
		assert.NotEqual(t, in.Tokens.RefreshToken, fresh.RefreshToken)
		for _, request := range w.idp.Log(fakeidp.EndpointAuthorize) {
			assert.False(t, request.Form.Has("prompt"), "not every policy knows select_account")
			assert.False(t, request.Form.Has("claims"))
		}
		signsOutAsB2C(t, w, in)
	}
}

// signsOutAsB2C requires id_token_hint, because B2C does not support logout_hint.
func signsOutAsB2C(t *testing.T, w world, in ports.SignedIn) {
	to, err := w.provider.EndSessionURL(t.Context(), in.Tokens.SignOutHint)
	require.NoError(t, err)
	u, err := url.Parse(to)
	require.NoError(t, err)
	assert.Equal(t, in.Tokens.SignOutHint, u.Query().Get("id_token_hint"))
	assert.Equal(t, 3, len(strings.Split(u.Query().Get("id_token_hint"), ".")))
	assert.Equal(t, fakeidp.DefaultClientID, u.Query().Get("client_id"))
	assert.Equal(t, homeURI, u.Query().Get("post_logout_redirect_uri"))
	assert.False(t, u.Query().Has("logout_hint"))
}

func TestPolicyWithATenantClaim(t *testing.T) {
	w := newPolicy(t, "/"+fakeidp.ContosoTenantID+"/v2.0/")
	issuer := w.idp.BaseURL() + "/" + fakeidp.ContosoTenantID + "/v2.0/"
	withTenant := func(tid string) func(*fakeidp.TokenDraft) {
		return all(set("iss", issuer), set("ver", "1.0"), set("tid", tid))
	}
	w.idp.Mutate(withTenant(fakeidp.ContosoTenantID))
	in := w.mustSignIn(t, fakeidp.UserMember)
	assert.Equal(t, fakeidp.ContosoTenantID, in.Identity.TenantID)
	assert.NotEmpty(t, in.Identity.ObjectID)
	w.idp.Mutate(withTenant(fakeidp.FabrikamTenantID))
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
}

// A user flow whose subject claim is set to "Not supported" sends the same sub for
// everybody. Accepted, it would make one user of all people.
func TestASubjectThatIsEverybodysIsRefused(t *testing.T) {
	w := newPolicy(t, "/"+fakeidp.ContosoTenantID+"/v2.0/")
	issuer := w.idp.BaseURL() + "/" + fakeidp.ContosoTenantID + "/v2.0/"
	forEverybody := all(set("iss", issuer), set("ver", "1.0"), drop("tid"), set("sub", "Not supported currently. Use oid claim."))
	w.idp.Mutate(forEverybody)
	_, err := w.signIn(t, fakeidp.UserMember)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	require.ErrorContains(t, err, "ObjectID", "the log says what to change")
}
