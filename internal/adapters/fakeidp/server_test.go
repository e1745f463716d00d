package fakeidp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

func TestStartListensOnThisMachineAlone(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "example.com:0", "nonsense"} {
		idp, err := fakeidp.New(fakeidp.Config{})
		require.NoError(t, err)
		_, err = idp.Start(addr)
		require.Error(t, err, addr)
	}
	idp := start(t)
	_, err := idp.Start("127.0.0.1:0")
	require.Error(t, err, "twice")
	require.NoError(t, idp.Close())
	require.NoError(t, idp.Close())
	byName, err := fakeidp.New(fakeidp.Config{})
	require.NoError(t, err)
	base, err := byName.Start("localhost:0")
	require.NoError(t, err)
	defer func() { _ = byName.Close() }()
	assert.True(t, strings.HasPrefix(base, "http://localhost:"), base)
}

func TestConfigurationsThatContradictThemselves(t *testing.T) {
	twice := fakeidp.DefaultAccounts()
	twice = append(twice, twice[0])
	for name, config := range map[string]fakeidp.Config{
		"account twice":    {Accounts: twice},
		"tenant not there": {Tenants: []fakeidp.Tenant{{ID: fakeidp.FabrikamTenantID}}},
		"base with a path": {BaseURL: "https://idp.example/path"},
		"base without one": {BaseURL: "idp.example"},
	} {
		_, err := fakeidp.New(config)
		require.Error(t, err, name)
	}
}

func TestAnotherHostNameIsRefused(t *testing.T) {
	idp := start(t)
	request, err := http.NewRequest(http.MethodGet, idp.BaseURL()+"/", nil)
	require.NoError(t, err)
	request.Host = "rebound.example"
	response, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	assert.Equal(t, http.StatusMisdirectedRequest, response.StatusCode)
}

func TestItServesAsAHandler(t *testing.T) {
	idp, err := fakeidp.New(fakeidp.Config{BaseURL: "https://idp.example"})
	require.NoError(t, err)
	answer := httptest.NewRecorder()
	idp.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "https://idp.example/common/v2.0/.well-known/openid-configuration", nil))
	assert.Equal(t, http.StatusOK, answer.Code)
	assert.Contains(t, answer.Body.String(), `"issuer":"https://idp.example/{tenantid}/v2.0"`)

	unset, err := fakeidp.New(fakeidp.Config{})
	require.NoError(t, err)
	answer = httptest.NewRecorder()
	unset.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, http.StatusInternalServerError, answer.Code)
	assert.Contains(t, answer.Body.String(), "call Start")
}

func TestRequestsAreBounded(t *testing.T) {
	idp := start(t)
	authorize := idp.Authority("common") + "/oauth2/v2.0/authorize?"
	assert.Equal(t, http.StatusRequestURITooLong, get(t, authorize+strings.Repeat("a", 20<<10), "").StatusCode)
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, "p%d=1&", i)
	}
	assert.Equal(t, http.StatusBadRequest, get(t, authorize+many.String(), "").StatusCode)
	response, err := http.Post(idp.Authority("common")+"/oauth2/v2.0/token", "application/x-www-form-urlencoded", strings.NewReader("a="+strings.Repeat("b", 1<<20)))
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	assert.Equal(t, http.StatusBadRequest, response.StatusCode)
}

func TestTextFromRequestsIsEscaped(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	const script = `<script>alert(1)</script>`
	for _, address := range []string{
		with(t, rp.authURL(), "redirect_uri", script), with(t, rp.authURL(), "client_id", script),
		with(t, rp.authURL(), "state", script), with(t, rp.authURL(), "login_hint", `"`+script),
	} {
		assert.NotContains(t, read(t, get(t, address, "")), script)
	}
}

func TestOtherPages(t *testing.T) {
	idp := start(t)
	front := read(t, get(t, idp.BaseURL()+"/", ""))
	assert.Contains(t, front, idp.Authority(fakeidp.ContosoTenantID))
	assert.Contains(t, read(t, get(t, idp.BaseURL()+"/error?code=50105", "")), "AADSTS50105")
	assert.Equal(t, http.StatusNotFound, get(t, idp.BaseURL()+"/error?code=x", "").StatusCode)
	missing := get(t, idp.BaseURL()+"/nowhere", "")
	assert.Equal(t, http.StatusNotFound, missing.StatusCode)
	assert.Contains(t, missing.Header.Get("Content-Type"), "text/html")
	_, after, _ := strings.Cut(front, `rel="stylesheet" href="`)
	path, _, _ := strings.Cut(after, `"`)
	style := get(t, idp.BaseURL()+path, "")
	assert.Equal(t, http.StatusOK, style.StatusCode)
	assert.Contains(t, style.Header.Get("Cache-Control"), "immutable")
}

func TestManySignInsAtOnce(t *testing.T) {
	idp := start(t)
	rp := newParty(t, idp, fakeidp.ContosoTenantID)
	address := rp.authURL()
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			answer, err := idp.Authorize(address, fakeidp.UserMember)
			if !assert.NoError(t, err) {
				return
			}
			_, err = rp.exchange(answer.Values.Get("code"))
			if i%4 == 0 {
				idp.RotateKeys(fakeidp.KeepOldKeys)
				idp.SignOut(fakeidp.UserMember)
				idp.RevokeRefreshTokens()
			}
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Equal(t, 16, idp.Requests(fakeidp.EndpointToken))
}
