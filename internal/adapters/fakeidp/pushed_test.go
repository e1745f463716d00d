package fakeidp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

func pushedRequests(c *fakeidp.Config) { c.PushedRequests = true }

// pushForm returns the parameters of an authorization request with the client's
// authentication.
func (rp *party) pushForm() url.Values {
	u, err := url.Parse(rp.authURL())
	require.NoError(rp.t, err)
	form := u.Query()
	form.Set("client_secret", rp.config.ClientSecret)
	return form
}

func (rp *party) push(form url.Values) (int, map[string]any) {
	rp.t.Helper()
	response, err := http.PostForm(rp.idp.Authority(fakeidp.ContosoTenantID)+"/oauth2/v2.0/par", form)
	require.NoError(rp.t, err)
	rp.t.Cleanup(func() { _ = response.Body.Close() })
	return response.StatusCode, decode(rp.t, response)
}

// pushed pushes a request and returns the authorization URL.
func (rp *party) pushed(form url.Values) string {
	rp.t.Helper()
	status, answer := rp.push(form)
	require.Equal(rp.t, http.StatusCreated, status, answer)
	return rp.config.Endpoint.AuthURL + "?" + url.Values{
		"client_id": {form.Get("client_id")}, "request_uri": {answer["request_uri"].(string)},
	}.Encode()
}

func TestAPushedRequestIsUsedOnce(t *testing.T) {
	idp := start(t, pushedRequests)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	status, answer := rp.push(rp.pushForm())
	assert.Equal(t, http.StatusCreated, status)
	assert.EqualValues(t, 60, answer["expires_in"])
	assert.True(t, strings.HasPrefix(answer["request_uri"].(string), "urn:ietf:params:oauth:request_uri:"))

	location := rp.pushed(rp.pushForm())
	params := idp.PushedRequest(location)
	assert.Equal(t, "a-state", params.Get("state"))
	assert.False(t, params.Has("client_secret"))
	response, err := idp.Authorize(location, fakeidp.UserMember)
	require.NoError(t, err)
	_, err = rp.exchange(response.Values.Get("code"))
	require.NoError(t, err)
	_, err = idp.Authorize(location, fakeidp.UserMember)
	require.Error(t, err, "used")
	assert.Nil(t, idp.PushedRequest(location))

	page := get(t, rp.pushed(rp.pushForm()), "")
	assert.Equal(t, http.StatusOK, page.StatusCode, "the account picker")
	rp.code(fakeidp.UserMember) // other requests are still allowed
}

func TestARequestURIThatIsWrong(t *testing.T) {
	now := time.Now()
	second := fakeidp.DefaultClient()
	second.ID = "0d9a1c52-7b3e-4f60-8a15-c2e4d6f7b801"
	idp := start(t, pushedRequests, func(c *fakeidp.Config) {
		c.Clock = func() time.Time { return now }
		c.Clients = []fakeidp.Client{fakeidp.DefaultClient(), second}
	})
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	for name, change := range map[string]func(url string) string{
		"another client": func(u string) string { return with(t, u, "client_id", second.ID) },
		"no client":      func(u string) string { return with(t, u, "client_id", "") },
		"unknown":        func(u string) string { return with(t, u, "request_uri", "urn:ietf:params:oauth:request_uri:x") },
		"empty":          func(u string) string { return with(t, u, "request_uri", "") + "&request_uri=" },
		"a state too":    func(u string) string { return with(t, u, "state", "another") },
		"twice":          func(u string) string { return u + "&request_uri=x" },
		"another tenant": func(u string) string {
			return strings.Replace(u, fakeidp.ContosoTenantID, fakeidp.FabrikamTenantID, 1)
		},
		"too late": func(u string) string { now = now.Add(61 * time.Second); return u },
	} {
		_, err := idp.Authorize(change(rp.pushed(rp.pushForm())), fakeidp.UserMember)
		assert.Error(t, err, name)
	}
}

func TestAPushedRequestThatIsWrong(t *testing.T) {
	rp := newParty(t, start(t, pushedRequests), fakeidp.ContosoTenantID)
	for name, c := range map[string]struct {
		change func(url.Values)
		code   string
		status int
	}{
		"no secret":                   {del("client_secret"), "invalid_client", 401},
		"wrong secret":                {set("client_secret", "wrong"), "invalid_client", 401},
		"no client":                   {del("client_id"), "invalid_request", 400},
		"a request_uri":               {set("request_uri", "urn:x"), "request_uri_not_supported", 400},
		"no state":                    {del("state"), "invalid_request", 400},
		"no challenge":                {del("code_challenge"), "invalid_request", 400},
		"an unknown redirect URI":     {set("redirect_uri", "http://localhost:3000/elsewhere"), "invalid_request", 400},
		"no scope":                    {del("scope"), "invalid_request", 400},
		"a parameter that is twofold": {func(f url.Values) { f.Add("state", "again") }, "invalid_request", 400},
	} {
		form := rp.pushForm()
		c.change(form)
		status, answer := rp.push(form)
		assert.Equal(t, c.status, status, name)
		assert.Equal(t, c.code, answer["error"], name)
		assert.NotContains(t, answer, "request_uri", name)
	}
}

func TestPushedRequestsCanBeRequired(t *testing.T) {
	rp := newParty(t, start(t, func(c *fakeidp.Config) { c.RequirePushedRequests = true }), fakeidp.ContosoTenantID)
	_, err := rp.idp.Authorize(rp.authURL(), fakeidp.UserMember)
	require.Error(t, err)
	_, err = rp.idp.Authorize(rp.pushed(rp.pushForm()), fakeidp.UserMember)
	require.NoError(t, err)
	metadata := document(t, rp.idp.Authority(fakeidp.ContosoTenantID)+"/v2.0/.well-known/openid-configuration")
	assert.Equal(t, true, metadata["require_pushed_authorization_requests"])

	plain := newParty(t, start(t), fakeidp.ContosoTenantID)
	metadata = document(t, plain.idp.Authority(fakeidp.ContosoTenantID)+"/v2.0/.well-known/openid-configuration")
	assert.NotContains(t, metadata, "pushed_authorization_request_endpoint")
	assert.NotContains(t, metadata, "require_pushed_authorization_requests")
	response, err := http.PostForm(plain.idp.Authority(fakeidp.ContosoTenantID)+"/oauth2/v2.0/par", plain.pushForm())
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
}
