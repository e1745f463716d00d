package fakeidp_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

const (
	deviceGrant   = "urn:ietf:params:oauth:grant-type:device_code"
	onBehalfGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

	// apiClientID is an API that is registered beside the default client.
	apiClientID = "d51b1f0c-9a37-4b0e-8f6d-3c2a7e94b810"
	apiSecret   = "secret-of-the-api"
)

func withAPI(config *fakeidp.Config) {
	config.Clients = []fakeidp.Client{
		fakeidp.DefaultClient(),
		{ID: apiClientID, Name: "An API", Secrets: []string{apiSecret}, NeedsConsent: []string{"Mail.Read"}},
	}
}

// startDevice begins a device sign-in and returns the response.
func (rp *party) startDevice(form url.Values) map[string]any {
	rp.t.Helper()
	endpoint := strings.TrimSuffix(rp.config.Endpoint.TokenURL, "token") + "devicecode"
	response, err := http.PostForm(endpoint, form)
	require.NoError(rp.t, err)
	defer func() { _ = response.Body.Close() }()
	answer := make(map[string]any)
	require.NoError(rp.t, json.NewDecoder(response.Body).Decode(&answer))
	answer["http"] = response.StatusCode
	return answer
}

// enter posts a form of the page where people enter the code.
func (rp *party) enter(form url.Values) (int, string) {
	rp.t.Helper()
	response, err := http.PostForm(rp.idp.BaseURL()+"/devicelogin", form)
	require.NoError(rp.t, err)
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode, read(rp.t, response)
}

func deviceForm() url.Values {
	return url.Values{"client_id": {fakeidp.DefaultClientID}, "scope": {"openid profile offline_access User.Read"}}
}

// A device shows a code, and a person signs in with it in a browser elsewhere.
func TestADeviceSignsIn(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	begun := rp.startDevice(deviceForm())
	require.Equal(t, http.StatusOK, begun["http"])
	assert.Equal(t, rp.idp.BaseURL()+"/devicelogin", begun["verification_uri"])
	assert.EqualValues(t, 900, begun["expires_in"])
	assert.EqualValues(t, 5, begun["interval"])
	code := begun["user_code"].(string)
	assert.Contains(t, begun["message"], code)

	poll := url.Values{"grant_type": {deviceGrant}, "client_id": {fakeidp.DefaultClientID}, "device_code": {begun["device_code"].(string)}, "client_info": {"1"}}
	assert.Equal(t, "authorization_pending", rp.postRaw(poll, nil)["error"])

	status, page := rp.enter(url.Values{"user_code": {" " + strings.ToLower(code)}})
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "Demo application")
	assert.Contains(t, page, "Continue only if you started this sign-in yourself")
	assert.Equal(t, "authorization_pending", rp.postRaw(poll, nil)["error"], "nobody has picked an account")
	status, page = rp.enter(url.Values{"user_code": {code}, "account": {fakeidp.UserMember}})
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "You signed in")

	elsewhere, err := http.PostForm(rp.idp.Authority(fakeidp.FabrikamTenantID)+"/oauth2/v2.0/token", poll)
	require.NoError(t, err)
	assert.Contains(t, read(t, elsewhere), "AADSTS700005", "the code of another tenant")
	_ = elsewhere.Body.Close()

	tokens := rp.postRaw(poll, nil)
	require.Equal(t, http.StatusOK, tokens["http"], tokens["error_description"])
	idToken, err := rp.verifier.Verify(t.Context(), tokens["id_token"].(string))
	require.NoError(t, err)
	assert.Empty(t, idToken.Nonce)
	info, err := base64.RawURLEncoding.DecodeString(tokens["client_info"].(string))
	require.NoError(t, err)
	assert.JSONEq(t, `{"uid":"0f5d2b6e-1c47-4a83-9be2-7a60d3f1c851","utid":"`+fakeidp.ContosoTenantID+`"}`, string(info))
	assert.Equal(t, http.StatusOK, get(t, rp.idp.BaseURL()+"/v1.0/me", tokens["access_token"].(string)).StatusCode)

	assert.Equal(t, "bad_verification_code", rp.postRaw(poll, nil)["error"], "the code works once")
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {fakeidp.DefaultClientID}, "refresh_token": {tokens["refresh_token"].(string)}}
	assert.Equal(t, http.StatusOK, rp.postRaw(refresh, nil)["http"], "a device has no secret, also later")
	status, _ = rp.enter(url.Values{"user_code": {code}, "account": {fakeidp.UserMember}})
	assert.Equal(t, http.StatusBadRequest, status)
}

func TestADeviceThatDoesNotSignIn(t *testing.T) {
	moving := newClock()
	rp := newParty(t, start(t, onClock(moving), withAPI), fakeidp.ContosoTenantID)
	poll := func(deviceCode any, client string) any {
		return rp.postRaw(url.Values{"grant_type": {deviceGrant}, "client_id": {client}, "device_code": {deviceCode.(string)}}, nil)["error"]
	}
	declined, expired := rp.startDevice(deviceForm()), rp.startDevice(deviceForm())
	status, page := rp.enter(url.Values{"user_code": {declined["user_code"].(string)}, "cancel": {"1"}})
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, page, "You did not sign in")
	assert.Equal(t, "authorization_declined", poll(declined["device_code"], fakeidp.DefaultClientID))
	assert.Equal(t, "bad_verification_code", poll(declined["device_code"], apiClientID), "the code of another client")
	assert.Equal(t, "bad_verification_code", poll("made-up", fakeidp.DefaultClientID))
	moving.Advance(15 * time.Minute)
	assert.Equal(t, "expired_token", poll(expired["device_code"], fakeidp.DefaultClientID))
	status, page = rp.enter(url.Values{"user_code": {expired["user_code"].(string)}})
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, page, "There is no sign-in with this code")

	for name, form := range map[string]url.Values{
		"no client":         {"scope": {"openid"}},
		"an unknown client": {"client_id": {"2f5c8b6d-0000-4000-8000-000000000000"}, "scope": {"openid"}},
		"no scope":          {"client_id": {fakeidp.DefaultClientID}},
		"a repeated scope":  {"client_id": {fakeidp.DefaultClientID}, "scope": {"openid", "User.Read"}},
	} {
		assert.Equal(t, http.StatusBadRequest, rp.startDevice(form)["http"], name)
	}
}

// Another site's form must not enter a code for a person.
func TestADeviceIsNotSignedInByAnotherSite(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	code := rp.startDevice(deviceForm())["user_code"].(string)
	form := url.Values{"user_code": {code}, "account": {fakeidp.UserMember}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, rp.idp.BaseURL()+"/devicelogin", strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, http.StatusForbidden, response.StatusCode)
}

// tokenForAPI signs the member in to the default client and returns an access token
// for the API.
func (rp *party) tokenForAPI() string {
	rp.t.Helper()
	rp.config.Scopes = []string{"openid", "profile", "offline_access", "api://" + apiClientID + "/Files.Read"}
	token, err := rp.exchange(rp.code(fakeidp.UserMember))
	require.NoError(rp.t, err)
	return token.AccessToken
}

func onBehalf(assertion string) url.Values {
	return url.Values{
		"grant_type": {onBehalfGrant}, "requested_token_use": {"on_behalf_of"}, "assertion": {assertion},
		"client_id": {apiClientID}, "client_secret": {apiSecret}, "scope": {"User.Read offline_access"},
	}
}

// An API can verify the access token that it gets, and calls another API for the
// same person with it.
func TestAnAPICallsAnotherOnBehalfOfAPerson(t *testing.T) {
	rp := newParty(t, start(t, withAPI), fakeidp.ContosoTenantID)
	assertion := rp.tokenForAPI()
	provider, err := oidc.NewProvider(t.Context(), rp.idp.Issuer(fakeidp.ContosoTenantID))
	require.NoError(t, err)
	verified, err := provider.Verifier(&oidc.Config{ClientID: apiClientID}).Verify(t.Context(), assertion)
	require.NoError(t, err)
	claims := make(map[string]any)
	require.NoError(t, verified.Claims(&claims))
	assert.Equal(t, "Files.Read", claims["scp"])
	assert.Equal(t, fakeidp.DefaultClientID, claims["azp"])
	assert.Equal(t, "0f5d2b6e-1c47-4a83-9be2-7a60d3f1c851", claims["oid"])
	assert.NotContains(t, claims, "nonce")

	tokens := rp.postRaw(onBehalf(assertion), nil)
	require.Equal(t, http.StatusOK, tokens["http"], tokens["error_description"])
	assert.NotEmpty(t, tokens["refresh_token"])
	response := get(t, rp.idp.BaseURL()+"/v1.0/me", tokens["access_token"].(string))
	assert.Contains(t, read(t, response), "Adele Vance")
	assert.Equal(t, http.StatusUnauthorized, get(t, rp.idp.BaseURL()+"/v1.0/me", assertion).StatusCode, "the first token is not for Graph")
}

func TestAnAPIThatMustNotCallAnother(t *testing.T) {
	moving := newClock()
	rp := newParty(t, start(t, onClock(moving), withAPI), fakeidp.ContosoTenantID)
	assertion := rp.tokenForAPI()
	rp.config.Scopes = []string{"openid", "User.Read"}
	graph, err := rp.exchange(rp.code(fakeidp.UserMember))
	require.NoError(t, err)
	own := rp.postRaw(url.Values{"grant_type": {"client_credentials"}, "client_id": {fakeidp.DefaultClientID},
		"client_secret": {fakeidp.DefaultClientSecret}, "scope": {apiClientID + "/.default"}}, nil)["access_token"].(string)
	for name, one := range map[string]struct {
		change func(url.Values)
		number int
	}{
		"no token use":                 {del("requested_token_use"), 900144},
		"no assertion":                 {del("assertion"), 900144},
		"no scope":                     {del("scope"), 900144},
		"a made-up assertion":          {set("assertion", "eyJ0eXAi.made.up"), 50013},
		"an assertion for another API": {set("assertion", graph.AccessToken), 500131},
		"an assertion of no person":    {set("assertion", own), 7000114},
		"a wrong secret":               {set("client_secret", "wrong"), 7000215},
		"a scope without consent":      {set("scope", "Mail.Read"), 65001},
		"two APIs":                     {set("scope", "User.Read api://other/Read"), 28000},
		"a client that it is not for": {func(f url.Values) {
			f.Set("client_id", fakeidp.DefaultClientID)
			f.Set("client_secret", fakeidp.DefaultClientSecret)
		}, 500131},
	} {
		form := onBehalf(assertion)
		one.change(form)
		assert.Equal(t, []any{float64(one.number)}, rp.postRaw(form, nil)["error_codes"], name)
	}
	moving.Advance(2 * time.Hour)
	assert.Equal(t, []any{float64(500133)}, rp.postRaw(onBehalf(assertion), nil)["error_codes"])
}

// A conditional-access policy can ask the person again, in the middle of a call on
// behalf of them.
func TestAChallengeInTheMiddleOfACall(t *testing.T) {
	rp := newParty(t, start(t, withAPI), fakeidp.ContosoTenantID)
	assertion := rp.tokenForAPI()
	const claims = `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`
	rp.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Times: 1, Error: &fakeidp.Error{Number: 50076, Claims: claims}})
	refused := rp.postRaw(onBehalf(assertion), nil)
	assert.Equal(t, "interaction_required", refused["error"])
	assert.Equal(t, claims, refused["claims"])
	assert.Equal(t, http.StatusOK, rp.postRaw(onBehalf(assertion), nil)["http"])
}

// A client can ask for less at a refresh than at the sign-in, and later for all.
func TestARefreshWithANarrowerScope(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	rp.config.Scopes = append(rp.config.Scopes, "Mail.Read")
	token, err := rp.exchange(rp.code(fakeidp.UserMember))
	require.NoError(t, err)
	refresh := func(refreshToken, scope string) map[string]any {
		answer := rp.postRaw(url.Values{"grant_type": {"refresh_token"}, "client_id": {fakeidp.DefaultClientID},
			"client_secret": {fakeidp.DefaultClientSecret}, "refresh_token": {refreshToken}, "scope": {scope}}, nil)
		require.Equal(t, http.StatusOK, answer["http"], answer["error_description"])
		return answer
	}
	narrow := refresh(token.RefreshToken, "Mail.Read")
	assert.Equal(t, "Mail.Read", narrow["scope"])
	assert.Equal(t, http.StatusForbidden, get(t, rp.idp.BaseURL()+"/v1.0/me", narrow["access_token"].(string)).StatusCode)
	whole := refresh(narrow["refresh_token"].(string), "openid profile User.Read Mail.Read")
	assert.Equal(t, http.StatusOK, get(t, rp.idp.BaseURL()+"/v1.0/me", whole["access_token"].(string)).StatusCode)
}

// Microsoft's libraries ask which hosts belong to a cloud.
func TestInstanceDiscovery(t *testing.T) {
	idp := start(t)
	ask := func(query url.Values) (int, map[string]any) {
		response := get(t, idp.BaseURL()+"/common/discovery/instance?"+query.Encode(), "")
		answer := make(map[string]any)
		require.NoError(t, json.Unmarshal([]byte(read(t, response)), &answer))
		return response.StatusCode, answer
	}
	host := strings.TrimPrefix(idp.BaseURL(), "http://")
	for _, segment := range []string{"common", "organizations", fakeidp.ContosoTenantID} {
		status, answer := ask(url.Values{"api-version": {"1.1"}, "authorization_endpoint": {idp.BaseURL() + "/" + segment + "/oauth2/v2.0/authorize"}})
		require.Equal(t, http.StatusOK, status)
		assert.Equal(t, idp.BaseURL()+"/"+segment+"/v2.0/.well-known/openid-configuration", answer["tenant_discovery_endpoint"])
		assert.Equal(t, []any{map[string]any{"preferred_network": host, "preferred_cache": host, "aliases": []any{host}}}, answer["metadata"])
	}
	for name, query := range map[string]url.Values{
		"another host":   {"api-version": {"1.1"}, "authorization_endpoint": {"https://login.evil.example/common/oauth2/v2.0/authorize"}},
		"no version":     {"authorization_endpoint": {idp.BaseURL() + "/common/oauth2/v2.0/authorize"}},
		"another tenant": {"api-version": {"1.1"}, "authorization_endpoint": {idp.BaseURL() + "/nowhere.example/oauth2/v2.0/authorize"}},
	} {
		status, answer := ask(query)
		assert.Equal(t, http.StatusBadRequest, status, name)
		assert.NotEmpty(t, answer["error"], name)
	}
}

// Microsoft's library for Go names the scopes of OpenID Connect in the token request
// only. Without them there is no ID token.
func TestScopesOfOpenIDConnectInTheTokenRequest(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	rp.config.Scopes = []string{"User.Read"}
	form := rp.codeForm()
	plain := rp.postRaw(form, nil)
	require.Equal(t, http.StatusOK, plain["http"], plain["error_description"])
	assert.NotContains(t, plain, "id_token")
	assert.NotContains(t, plain, "refresh_token")

	form = rp.codeForm()
	form.Set("scope", "openid profile offline_access User.Read")
	whole := rp.postRaw(form, nil)
	idToken, err := rp.verifier.Verify(t.Context(), whole["id_token"].(string))
	require.NoError(t, err)
	assert.Equal(t, rp.nonce, idToken.Nonce)
	assert.NotEmpty(t, whole["refresh_token"])
}
