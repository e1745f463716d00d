package fakeidp_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/fakeidp"
)

func document(t *testing.T, address string) map[string]any {
	t.Helper()
	response := get(t, address, "")
	require.Equal(t, http.StatusOK, response.StatusCode)
	return decode(t, response)
}

func TestMetadataOfEveryAuthority(t *testing.T) {
	idp := start(t)
	for segment, tenant := range map[string]string{
		"common":                  "{tenantid}",
		"organizations":           "{tenantid}",
		"consumers":               fakeidp.ConsumersTenantID,
		fakeidp.ContosoTenantID:   fakeidp.ContosoTenantID,
		"contoso.example":         fakeidp.ContosoTenantID,
		"CONTOSO.example":         fakeidp.ContosoTenantID,
		fakeidp.ConsumersTenantID: fakeidp.ConsumersTenantID,
	} {
		d := document(t, idp.Authority(segment)+"/v2.0/.well-known/openid-configuration")
		assert.Equal(t, idp.BaseURL()+"/"+tenant+"/v2.0", d["issuer"], segment)
		assert.Equal(t, []any{"client_secret_post", "private_key_jwt", "client_secret_basic"}, d["token_endpoint_auth_methods_supported"])
		assert.Equal(t, []any{"RS256"}, d["id_token_signing_alg_values_supported"])
		assert.Equal(t, true, d["frontchannel_logout_supported"])
		assert.NotContains(t, d, "code_challenge_methods_supported", "as with Entra")
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "end_session_endpoint", "jwks_uri"} {
			assert.True(t, strings.HasPrefix(d[name].(string), idp.BaseURL()), name)
		}
	}
	unknown := get(t, idp.Authority("nowhere.example")+"/v2.0/.well-known/openid-configuration", "")
	assert.Equal(t, http.StatusBadRequest, unknown.StatusCode)
	assert.Contains(t, read(t, unknown), "AADSTS90002")
}

func TestKeysNameTheirIssuer(t *testing.T) {
	idp := start(t)
	issuers := func(segment string) []any {
		var found []any
		for _, key := range document(t, idp.Authority(segment)+"/discovery/v2.0/keys")["keys"].([]any) {
			found = append(found, key.(map[string]any)["issuer"])
		}
		return found
	}
	general, personal := idp.BaseURL()+"/{tenantid}/v2.0", idp.Issuer(fakeidp.ConsumersTenantID)
	assert.Equal(t, []any{general}, issuers("contoso.example"))
	assert.Equal(t, []any{general}, issuers("organizations"))
	assert.Equal(t, []any{general, personal}, issuers("common"))
	assert.Equal(t, []any{general, personal}, issuers("consumers"))
}

func TestCommonSignsInEveryAccountInItsHomeTenant(t *testing.T) {
	idp := start(t)
	for username, tenant := range map[string]string{
		fakeidp.UserMember:   fakeidp.ContosoTenantID,
		fakeidp.UserGuest:    fakeidp.FabrikamTenantID,
		fakeidp.UserPersonal: fakeidp.ConsumersTenantID,
	} {
		rp := newParty(t, idp, tenant) // verifies with the tenant's issuer
		rp.config.Endpoint.AuthURL = idp.Authority("common") + "/oauth2/v2.0/authorize"
		rp.config.Endpoint.TokenURL = idp.Authority("common") + "/oauth2/v2.0/token"
		_, claims := rp.signIn(username)
		assert.Equal(t, tenant, claims["tid"])
	}
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	rp.config.Endpoint.AuthURL = idp.Authority("organizations") + "/oauth2/v2.0/authorize"
	_, err := idp.Authorize(rp.authURL(), fakeidp.UserPersonal)
	require.ErrorContains(t, err, "AADSTS50020")
}

func TestAGuestAndAnAdministrator(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	_, guest := rp.signIn(fakeidp.UserGuest)
	assert.Equal(t, fakeidp.ContosoTenantID, guest["tid"])
	assert.EqualValues(t, 1, guest["acct"])
	assert.Equal(t, rp.idp.Issuer("fabrikam.example"), guest["idp"])
	_, admin := rp.signIn(fakeidp.UserAdmin)
	assert.Equal(t, []any{"Admin"}, admin["roles"])
	assert.NotContains(t, admin, "idp")
}

func TestSubjectsArePairwise(t *testing.T) {
	idp := start(t)
	other := fakeidp.DefaultClient()
	other.ID = "another-client"
	idp.AddClient(other)
	one := newParty(t, idp, fakeidp.ContosoTenantID)
	_, first := one.signIn(fakeidp.UserMember)
	_, again := one.signIn(fakeidp.UserMember)
	one.config.ClientID = other.ID
	token, err := one.exchange(one.code(fakeidp.UserMember))
	require.NoError(t, err)
	assert.Equal(t, first["sub"], again["sub"])
	assert.NotEqual(t, first["sid"], again["sid"], "another session at the provider")
	assert.NotContains(t, payload(t, token), first["sub"])
}

func TestASingleTenantApplication(t *testing.T) {
	idp := start(t)
	client := fakeidp.DefaultClient()
	client.TenantID = fakeidp.ContosoTenantID
	idp.AddClient(client)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	rp.signIn(fakeidp.UserMember)
	rp.config.Endpoint.AuthURL = idp.Authority("common") + "/oauth2/v2.0/authorize"
	_, err := idp.Authorize(rp.authURL(), fakeidp.UserMember)
	require.ErrorContains(t, err, "AADSTS50194")
	rp.config.Endpoint.AuthURL = idp.Authority(fakeidp.FabrikamTenantID) + "/oauth2/v2.0/authorize"
	_, err = idp.Authorize(rp.authURL(), fakeidp.UserGuest)
	require.ErrorContains(t, err, "AADSTS700016")
}

func TestGroupsOverageIsResolvedPageByPage(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	token, claims := rp.signIn(fakeidp.UserManyGroups)
	assert.NotContains(t, claims, "groups")
	assert.Equal(t, map[string]any{"groups": "src1"}, claims["_claim_names"])
	source := claims["_claim_sources"].(map[string]any)["src1"].(map[string]any)["endpoint"].(string)
	assert.True(t, strings.HasPrefix(source, "https://graph.windows.net/"), source)

	groups := make(map[string]bool)
	pages := 0
	for next := rp.idp.BaseURL() + "/v1.0/me/getMemberObjects?$skiptoken=0"; next != ""; pages++ {
		response := get(t, next, token.AccessToken)
		require.Equal(t, http.StatusOK, response.StatusCode)
		var page struct {
			Value []string `json:"value"`
			Next  string   `json:"@odata.nextLink"`
		}
		require.NoError(t, json.NewDecoder(response.Body).Decode(&page))
		for _, id := range page.Value {
			assert.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, id)
			groups[id] = true
		}
		next = page.Next
	}
	assert.Len(t, groups, 1000)
	assert.Equal(t, 10, pages)
}

func TestGetMemberObjectsChecksTheBody(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	token, _ := rp.signIn(fakeidp.UserManyGroups)
	for body, status := range map[string]int{
		`{"securityEnabledOnly":false}`: http.StatusOK, `{"securityEnabledOnly":true}`: http.StatusOK,
		``: http.StatusBadRequest, `{}`: http.StatusBadRequest, `{"securityEnabledOnly":"no"}`: http.StatusBadRequest,
	} {
		req, err := http.NewRequest(http.MethodPost, rp.idp.BaseURL()+"/v1.0/me/getMemberObjects", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token.AccessToken)
		response, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, status, response.StatusCode, body)
	}
}

func TestTheAPIChecksItsTokens(t *testing.T) {
	idp := start(t)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	me := idp.BaseURL() + "/v1.0/me"
	assert.Equal(t, http.StatusUnauthorized, get(t, me, "").StatusCode)
	assert.Equal(t, http.StatusUnauthorized, get(t, me, "unknown").StatusCode)

	token, err := rp.exchange(rp.code(fakeidp.UserMember, oauth2.SetAuthURLParam("scope", "openid Mail.Read")))
	require.NoError(t, err)
	assert.Equal(t, http.StatusForbidden, get(t, me, token.AccessToken).StatusCode, "scope")
	token, err = rp.exchange(rp.code(fakeidp.UserMember, oauth2.SetAuthURLParam("scope", "openid api://orders/User.Read")))
	require.NoError(t, err)
	assert.Equal(t, http.StatusUnauthorized, get(t, me, token.AccessToken).StatusCode, "audience")

	token, _ = rp.signIn(fakeidp.UserMember)
	info := decode(t, get(t, idp.BaseURL()+"/oidc/userinfo", token.AccessToken))
	assert.Equal(t, "Adele Vance", info["name"])
	idp.RevokeAccessTokens()
	assert.Equal(t, http.StatusUnauthorized, get(t, me, token.AccessToken).StatusCode, "revoked")
}

func TestAClaimsChallengeIsMetByASignInWithTheseClaims(t *testing.T) {
	idp := start(t)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	const claims = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	token, _ := rp.signIn(fakeidp.UserMember)
	idp.DemandClaims(claims)
	response := get(t, idp.BaseURL()+"/v1.0/me", token.AccessToken)
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	assert.Contains(t, response.Header.Get("WWW-Authenticate"), `error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4i`)

	const more = `{"access_token":{"xms_cc":{"values":["cp1"]},"acrs":{"value":"c1","essential":true}}}`
	const less = `{"access_token":{"xms_cc":{"values":["cp1"]},"acrs":{"value":"c1"}}}`
	for asked, status := range map[string]int{claims: http.StatusOK, more: http.StatusOK, less: http.StatusUnauthorized} {
		stepped, err := rp.exchange(rp.code(fakeidp.UserMember, oauth2.SetAuthURLParam("claims", asked)))
		require.NoError(t, err)
		assert.Equal(t, status, get(t, idp.BaseURL()+"/v1.0/me", stepped.AccessToken).StatusCode, asked)
	}
}

func decode(t *testing.T, response *http.Response) map[string]any {
	t.Helper()
	var d map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&d))
	return d
}
