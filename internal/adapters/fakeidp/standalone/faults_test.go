package standalone

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"webapp/internal/adapters/fakeidp"
)

// Each endpoint of the contract can fail, as often as times says.
func TestFaultsAtEachEndpoint(t *testing.T) {
	r := start(t)
	authority := "/" + fakeidp.ContosoTenantID
	for endpoint, paths := range map[string][]string{
		"metadata": {authority + "/v2.0/.well-known/openid-configuration", authority + "/v2.0/.well-known/openid-configuration"},
		"keys":     {authority + "/discovery/v2.0/keys", authority + "/discovery/v2.0/keys"}, "authorize": {authority + "/oauth2/v2.0/authorize", authority + "/oauth2/v2.0/authorize"},
		"userinfo": {"/oidc/userinfo", "/oidc/userinfo"}, "graph": {"/v1.0/me", "/v1.0/me/getMemberObjects"}, "logout": {authority + "/oauth2/v2.0/logout", authority + "/oauth2/v2.0/logout"},
	} {
		t.Run(endpoint, func(t *testing.T) {
			status, reason := r.fault(fmt.Sprintf(`{"endpoint":%q,"status":503,"times":2}`, endpoint))
			require.Equal(t, http.StatusNoContent, status, reason)
			for _, path := range paths {
				response, _ := r.get(path)
				assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode, path)
			}
			response, _ := r.get(paths[0])
			assert.NotEqual(t, http.StatusServiceUnavailable, response.StatusCode, "times")
		})
	}
}

func TestFaultsAtTheTokenEndpoint(t *testing.T) {
	r := start(t)
	p := r.party()
	exchange := func() (*oauth2.Token, error) {
		return p.config.Exchange(p.ctx, p.pick(fakeidp.UserMember).Query().Get("code"), oauth2.VerifierOption(p.pkce))
	}
	status, reason := r.fault(`{"endpoint":"token","times":1,"error":{"number":50076,"claims":"{\"access_token\":{\"acrs\":{\"essential\":true,\"value\":\"c1\"}}}"}}`)
	require.Equal(t, http.StatusNoContent, status, reason)
	_, err := exchange()
	require.ErrorContains(t, err, "AADSTS50076")
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	require.True(t, ok)
	assert.Contains(t, string(refused.Body), `"claims":"{\"access_token\"`)
	_, err = exchange()
	require.NoError(t, err, "times")

	status, _ = r.fault(`{"endpoint":"token","status":429,"error":{"number":90055}}`)
	require.Equal(t, http.StatusNoContent, status)
	for range 3 {
		_, err = exchange()
		refused, ok := errors.AsType[*oauth2.RetrieveError](err)
		require.True(t, ok)
		assert.Equal(t, http.StatusTooManyRequests, refused.Response.StatusCode)
		assert.Equal(t, "temporarily_unavailable", refused.ErrorCode)
	}
	response, _ := r.do(http.MethodDelete, pathFaults, "")
	assert.Equal(t, http.StatusNoContent, response.StatusCode)
	_, err = exchange()
	require.NoError(t, err, "DELETE clears all")

	status, _ = r.fault(`{"endpoint":"token","delay":"50ms"}`)
	require.Equal(t, http.StatusNoContent, status)
	began := time.Now()
	_, err = exchange()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)
}

func TestDeleteContinuesARequestThatWaits(t *testing.T) {
	r := start(t)
	status, _ := r.fault(`{"endpoint":"keys","delay":"30s","times":1}`)
	require.Equal(t, http.StatusNoContent, status)
	done := make(chan int, 1)
	go func() {
		response, err := http.Get(r.base + "/common/discovery/v2.0/keys")
		if err != nil {
			done <- 0
			return
		}
		_ = response.Body.Close()
		done <- response.StatusCode
	}()
	for range 1000 { // until the request waits, and the one fault is taken
		response, _ := r.do(http.MethodDelete, pathFaults, "")
		require.Equal(t, http.StatusNoContent, response.StatusCode)
		select {
		case status := <-done:
			assert.Equal(t, http.StatusOK, status)
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	require.Fail(t, "the request still waits")
}

// A bad fault sets nothing, and the response says everything that is wrong.
func TestBadFaults(t *testing.T) {
	r := start(t)
	for body, reasons := range map[string][]string{
		``:                                    {"not JSON"},
		`{`:                                   {"not JSON"},
		`{"endpoint":"keys"} more`:            {"not JSON"},
		`[]`:                                  {"an object"},
		`null`:                                {"an object"},
		`{}`:                                  {"endpoint: is missing"},
		`{"endpoint":"keys"}`:                 {"does nothing"},
		`{"endpoint":"keys","times":1}`:       {"does nothing"},
		`{"endpoint":"","status":503}`:        {"endpoint: "},
		`{"endpoint":null,"status":503}`:      {"endpoint: "},
		`{"endpoint":"me","status":503}`:      {"endpoint: must be metadata, keys, authorize, token, userinfo, graph or logout"},
		`{"endpoint":"_faults","status":503}`: {"endpoint: "},
		`{"Endpoint":"keys","status":503}`:    {"Endpoint: is unknown", "endpoint: is missing"},
		`{"endpoint":"keys","endpoint":"token","status":503}`:                        {"endpoint: is written twice"},
		`{"endpoint":"keys","status":503,"hang":true,"body":"x"}`:                    {"hang: is unknown", "body: is unknown"},
		`{"endpoint":"keys","status":199}`:                                           {"status: "},
		`{"endpoint":"keys","status":101}`:                                           {"status: "},
		`{"endpoint":"keys","status":600}`:                                           {"status: "},
		`{"endpoint":"keys","status":503.5}`:                                         {"status: "},
		`{"endpoint":"keys","status":"503"}`:                                         {"status: "},
		`{"endpoint":"keys","status":1e99}`:                                          {"status: "},
		`{"endpoint":"keys","delay":2}`:                                              {"delay: "},
		`{"endpoint":"keys","delay":"2"}`:                                            {"delay: "},
		`{"endpoint":"keys","delay":"-2s"}`:                                          {"delay: "},
		`{"endpoint":"keys","delay":"0s"}`:                                           {"delay: "},
		`{"endpoint":"keys","delay":"30.1s"}`:                                        {"delay: must be a duration up to 30s"},
		`{"endpoint":"keys","delay":"9999999h"}`:                                     {"delay: "},
		`{"endpoint":"keys","status":503,"times":0}`:                                 {"times: "},
		`{"endpoint":"keys","status":503,"times":-1}`:                                {"times: "},
		`{"endpoint":"keys","status":503,"times":1001}`:                              {"times: must be a whole number from 1 to 1000"},
		`{"endpoint":"keys","error":50076}`:                                          {"error: must be an object"},
		`{"endpoint":"keys","error":{}}`:                                             {"error.number: is missing"},
		`{"endpoint":"keys","error":{"number":0}}`:                                   {"error.number: "},
		`{"endpoint":"keys","error":{"number":50076,"text":"x"}}`:                    {"error.text: is unknown"},
		`{"endpoint":"keys","error":{"number":50076,"claims":{}}}`:                   {"error.claims: "},
		`{"endpoint":"keys","error":{"number":50076,"claims":"x"}}`:                  {"error.claims: "},
		`{"endpoint":"keys","error":{"number":1,"claims":"null"}}`:                   {"error.claims: "},
		`{"endpoint":"x","status":1,"delay":"x","times":0,"error":1}`:                {"endpoint: ", "status: ", "delay: ", "times: ", "error: "},
		`{"endpoint":"keys","status":503,"x":"` + strings.Repeat("a", 17<<10) + `"}`: {"too large"},
	} {
		status, reason := r.fault(body)
		assert.Equal(t, http.StatusBadRequest, status, body)
		for _, want := range reasons {
			assert.Contains(t, reason, want, body)
		}
	}
	response, _ := r.get("/common/discovery/v2.0/keys")
	assert.Equal(t, http.StatusOK, response.StatusCode, "nothing was set")
}

// A web page can send a POST to this machine, and DNS rebinding gives it a host of
// its own. Neither sets or clears a fault.
func TestWebPagesSetNoFaults(t *testing.T) {
	r := start(t)
	const body = `{"endpoint":"keys","status":503}`
	host := func(name string) func(*http.Request) { return func(request *http.Request) { request.Host = name } }
	_, port, err := net.SplitHostPort(strings.TrimPrefix(r.base, "http://"))
	require.NoError(t, err)
	bad := map[string]func(*http.Request){
		"another host": host("rebound.example"), "another host with the port": host("rebound.example:" + port),
		"a host that begins like localhost": host("localhost.evil.example"), "a host that ends like localhost": host("evil-localhost"),
		"another address": host("192.0.2.1"), "every address": host("0.0.0.0"), "an address and a name": host("127.0.0.1.evil.example"),
		"the own origin": header("Origin", r.base), "another origin": header("Origin", "https://evil.example"), "no origin": header("Origin", "null"),
		"an empty origin": header("Origin", ""),
	}
	for name, change := range bad {
		status, _ := r.fault(body, change)
		assert.Equal(t, http.StatusForbidden, status, name)
	}
	for name, change := range map[string]func(*http.Request){
		"a form": header("Content-Type", "application/x-www-form-urlencoded"), "text": header("Content-Type", "text/plain"),
		"text that looks like JSON": header("Content-Type", "text/plain; application/json"), "more than JSON": header("Content-Type", "application/json-patch+json"),
		"none": func(request *http.Request) { request.Header.Del("Content-Type") },
		"two":  func(request *http.Request) { request.Header.Add("Content-Type", "text/plain") },
	} {
		status, _ := r.fault(body, change)
		assert.Equal(t, http.StatusUnsupportedMediaType, status, name)
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPatch, http.MethodHead} {
		response, _ := r.do(method, pathFaults, body, header("Content-Type", "application/json"))
		assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode, method)
		assert.Equal(t, "POST, DELETE", response.Header.Get("Allow"))
	}
	preflight, _ := r.do(http.MethodOptions, pathFaults, "", header("Origin", "https://evil.example"), header("Access-Control-Request-Method", "POST"))
	assert.Equal(t, http.StatusForbidden, preflight.StatusCode)
	assert.Empty(t, preflight.Header.Get("Access-Control-Allow-Origin"))
	response, _ := r.get("/common/discovery/v2.0/keys")
	assert.Equal(t, http.StatusOK, response.StatusCode, "nothing was set")

	for _, name := range []string{"localhost:" + port, "localhost", "LocalHost:" + port, "127.0.0.1:" + port, "[::1]:" + port, "[::1]"} {
		status, reason := r.fault(body, host(name))
		assert.Equal(t, http.StatusNoContent, status, name+reason)
	}
	status, reason := r.fault(body, header("Content-Type", "application/json; charset=utf-8"))
	assert.Equal(t, http.StatusNoContent, status, reason)
	for name, change := range bad {
		response, _ := r.do(http.MethodDelete, pathFaults, "", change)
		assert.Equal(t, http.StatusForbidden, response.StatusCode, name)
	}
	response, _ = r.get("/common/discovery/v2.0/keys")
	assert.Equal(t, http.StatusServiceUnavailable, response.StatusCode, "nothing was cleared")
}

// HTTP/1.0 allows a request without Host.
func TestAFaultNeedsAHost(t *testing.T) {
	r := start(t)
	address, err := url.Parse(r.base)
	require.NoError(t, err)
	conn, err := net.Dial("tcp", address.Host)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = fmt.Fprint(conn, "DELETE /_faults HTTP/1.0\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	assert.Equal(t, http.StatusForbidden, response.StatusCode)
}
