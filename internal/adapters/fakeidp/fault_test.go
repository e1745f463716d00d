package fakeidp_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

func TestAnyErrorAtTheTokenEndpoint(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	rp.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Times: 1, Error: &fakeidp.Error{Number: 50076, Suberror: "basic_action", Claims: `{"a":1}`}})
	answer := rp.postRaw(rp.codeForm(), nil)
	assert.Equal(t, "interaction_required", answer["error"])
	assert.Equal(t, "basic_action", answer["suberror"])
	assert.Equal(t, `{"a":1}`, answer["claims"])
	assert.NotEmpty(t, rp.postRaw(rp.codeForm(), nil)["id_token"], "once means once")

	rp.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{
		Match: func(form url.Values) bool { return form.Get("grant_type") == "refresh_token" },
		Error: &fakeidp.Error{Number: 90055}, Status: http.StatusTooManyRequests, RetryAfter: "7",
	})
	assert.NotEmpty(t, rp.postRaw(rp.codeForm(), nil)["id_token"], "other requests are not meant")
	for range 2 {
		assert.EqualValues(t, http.StatusTooManyRequests, rp.post(url.Values{"grant_type": {"refresh_token"}})["http"])
	}
	rp.idp.Heal()
	assert.EqualValues(t, http.StatusBadRequest, rp.post(url.Values{"grant_type": {"refresh_token"}})["http"])
}

func TestAnErrorAtTheAuthorizationEndpointIsRedirected(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	rp.idp.Fail(fakeidp.EndpointAuthorize, fakeidp.Fault{Error: &fakeidp.Error{Number: 53003}})
	query := location(t, get(t, rp.authURL(), "")).Query()
	assert.Equal(t, "access_denied", query.Get("error"))
	assert.Contains(t, query.Get("error_description"), "AADSTS53003: ")
	answer, err := rp.idp.Authorize(rp.authURL(), fakeidp.UserMember)
	require.NoError(t, err)
	assert.Contains(t, answer.Values.Get("error_description"), "AADSTS53003: ")
}

func TestBrokenResponses(t *testing.T) {
	idp := start(t)
	address := idp.Authority("common") + "/discovery/v2.0/keys"
	fetch := func(fault fakeidp.Fault) (*http.Response, error) {
		idp.Heal()
		idp.Fail(fakeidp.EndpointKeys, fault)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		require.NoError(t, err)
		request.Header.Set("Accept-Encoding", "identity")
		response, err := http.DefaultTransport.RoundTrip(request)
		if err == nil {
			t.Cleanup(func() { _ = response.Body.Close() })
		}
		return response, err
	}
	_, err := fetch(fakeidp.Fault{Cut: true})
	require.Error(t, err)

	response, err := fetch(fakeidp.Fault{Body: `{"keys":[`, CutAfter: 5})
	require.NoError(t, err)
	part, err := io.ReadAll(response.Body)
	require.Error(t, err)
	assert.Equal(t, `{"key`, string(part))

	response, err = fetch(fakeidp.Fault{Status: http.StatusInternalServerError, ContentType: "text/html", Body: "<h1>Oops</h1>"})
	require.NoError(t, err)
	assert.Equal(t, http.StatusInternalServerError, response.StatusCode)
	assert.Equal(t, "text/html", response.Header.Get("Content-Type"))
	assert.Equal(t, "<h1>Oops</h1>", read(t, response))

	const huge = 8 << 20
	response, err = fetch(fakeidp.Fault{Size: huge})
	require.NoError(t, err)
	assert.Len(t, read(t, response), huge)

	response, err = fetch(fakeidp.Fault{Size: huge, Gzip: true})
	require.NoError(t, err)
	packed := read(t, response)
	assert.Less(t, len(packed), huge/100)
	response, err = fetch(fakeidp.Fault{Size: huge, Gzip: true})
	require.NoError(t, err)
	unpacked, err := gzip.NewReader(response.Body)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, unpacked)
	require.NoError(t, err)
	assert.EqualValues(t, huge, n)
}

func TestAHeldRequestGoesOnWhenTheProviderHeals(t *testing.T) {
	idp := start(t)
	met := make(chan struct{})
	idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Hang: true, Met: func() { close(met) }, Times: 1})
	done := make(chan int, 1)
	go func() {
		response, err := http.Get(idp.Authority("common") + "/discovery/v2.0/keys")
		if err != nil {
			done <- 0
			return
		}
		_ = response.Body.Close()
		done <- response.StatusCode
	}()
	<-met
	assert.Empty(t, done)
	idp.Heal()
	assert.Equal(t, http.StatusOK, <-done)
}

func TestAHeldRequestEndsWithItsClientAndWithTheProvider(t *testing.T) {
	idp := start(t)
	met := make(chan struct{}, 2)
	idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Hang: true, Met: func() { met <- struct{}{} }})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 2)
	ask := func(ctx context.Context) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, idp.Authority("common")+"/discovery/v2.0/keys", nil)
		if err == nil {
			_, err = http.DefaultTransport.RoundTrip(request) // no response comes
		}
		failed <- err
	}
	go ask(ctx)
	<-met
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
	go ask(t.Context())
	<-met
	require.NoError(t, idp.Close())
	<-failed
}

func TestLostAndLateResponses(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	rp.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{After: true, Times: 1})
	code := rp.code(fakeidp.UserMember)
	_, err := rp.exchange(code)
	require.Error(t, err)
	_, err = rp.exchange(code)
	require.ErrorContains(t, err, "AADSTS54005", "the first attempt took effect")

	token, _ := rp.signIn(fakeidp.UserMember)
	met := make(chan struct{})
	rp.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{After: true, Hang: true, Times: 1, Met: func() { close(met) }})
	late := make(chan map[string]any)
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}}
	go func() { late <- rp.post(form) }()
	<-met
	rp.idp.Heal()
	assert.NotEmpty(t, (<-late)["access_token"])
}

func TestDownAndUp(t *testing.T) {
	idp := start(t)
	address := idp.Authority("common") + "/discovery/v2.0/keys"
	get(t, address, "")
	idp.Down()
	_, err := http.Get(address) // no response comes
	require.Error(t, err)
	idp.Up()
	assert.Equal(t, http.StatusOK, get(t, address, "").StatusCode)
}

func TestDelay(t *testing.T) {
	idp := start(t)
	idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Delay: 20 * time.Millisecond})
	began := time.Now()
	assert.Equal(t, http.StatusOK, get(t, idp.Authority("common")+"/discovery/v2.0/keys", "").StatusCode)
	assert.GreaterOrEqual(t, time.Since(began), 20*time.Millisecond)
}

func TestRequestsAreCountedAndRemembered(t *testing.T) {
	rp := newParty(t, start(t), fakeidp.ContosoTenantID)
	rp.signIn(fakeidp.UserMember)
	rp.signIn(fakeidp.UserMember)
	assert.Equal(t, 2, rp.idp.Requests(fakeidp.EndpointToken))
	assert.Equal(t, 2, rp.idp.Requests(fakeidp.EndpointAuthorize))
	assert.Equal(t, 1, rp.idp.Requests(fakeidp.EndpointMetadata))
	assert.Zero(t, rp.idp.Requests(fakeidp.EndpointLogout))
	log := rp.idp.Log(fakeidp.EndpointToken)
	require.Len(t, log, 2)
	assert.Equal(t, http.MethodPost, log[0].Method)
	assert.Equal(t, "authorization_code", log[0].Form.Get("grant_type"))
	assert.Equal(t, rp.pkce, log[1].Form.Get("code_verifier"))
}

func TestADrippingResponseDoesNotEnd(t *testing.T) {
	idp := start(t)
	idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Drip: time.Millisecond, Body: `{"keys":`})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	ask := func(ctx context.Context) io.ReadCloser {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, idp.Authority("common")+"/discovery/v2.0/keys", nil)
		require.NoError(t, err)
		response, err := http.DefaultTransport.RoundTrip(request)
		require.NoError(t, err)
		t.Cleanup(func() { _ = response.Body.Close() })
		return response.Body
	}
	body := ask(ctx)
	start := make([]byte, 20)
	_, err := io.ReadFull(body, start)
	require.NoError(t, err)
	assert.Equal(t, `{"keys":            `, string(start))
	leave()
	_, err = io.ReadAll(body)
	require.ErrorIs(t, err, context.Canceled)

	body = ask(t.Context())
	idp.Heal()
	_, err = io.ReadAll(body)
	require.Error(t, err, "an answer that is cut off, and no whole one")
}

func TestRedirectedResponse(t *testing.T) {
	idp := start(t)
	idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Status: http.StatusFound, Location: "https://elsewhere.example/keys"})
	r := get(t, idp.Authority("common")+"/discovery/v2.0/keys", "")
	assert.Equal(t, http.StatusFound, r.StatusCode)
	assert.Equal(t, "https://elsewhere.example/keys", r.Header.Get("Location"))
}

func TestAFaultOfGraphCountsAllItsEndpoints(t *testing.T) {
	idp := start(t)
	idp.Fail(fakeidp.EndpointGraph, fakeidp.Fault{Status: http.StatusBadGateway, Times: 2})
	for _, path := range []string{"/v1.0/me", "/v1.0/me/getMemberObjects"} {
		assert.Equal(t, http.StatusBadGateway, get(t, idp.BaseURL()+path, "").StatusCode, path)
	}
	assert.Equal(t, http.StatusUnauthorized, get(t, idp.BaseURL()+"/v1.0/me", "").StatusCode, "twice together")
}

// An API sends the claims in a challenge and not in the form of the token endpoint.
func TestAnErrorWithClaimsAtAnAPIIsAChallenge(t *testing.T) {
	idp := start(t)
	for path, endpoint := range map[string]fakeidp.Endpoint{"/v1.0/me": fakeidp.EndpointGraph, "/oidc/userinfo": fakeidp.EndpointUserInfo} {
		idp.Fail(endpoint, fakeidp.Fault{Error: &fakeidp.Error{Number: 50076, Claims: `{"a":1}`}})
		r := get(t, idp.BaseURL()+path, "")
		assert.Equal(t, http.StatusUnauthorized, r.StatusCode, path)
		assert.Contains(t, r.Header.Get("WWW-Authenticate"), `error="insufficient_claims", claims="eyJhIjoxfQ=="`, path)
	}
}

func TestAnErrorAtTheEndSessionEndpointIsAPage(t *testing.T) {
	idp := start(t)
	idp.Fail(fakeidp.EndpointLogout, fakeidp.Fault{Error: &fakeidp.Error{Number: 90033}})
	r := get(t, idp.Authority("common")+"/oauth2/v2.0/logout", "")
	assert.Equal(t, http.StatusBadRequest, r.StatusCode)
	assert.Contains(t, r.Header.Get("Content-Type"), "text/html")
	assert.Contains(t, read(t, r), "AADSTS90033")
}

func TestTheNumberOfFaultsIsBounded(t *testing.T) {
	idp := start(t)
	for range 1001 {
		idp.Fail(fakeidp.EndpointKeys, fakeidp.Fault{Status: http.StatusBadGateway, Times: 1})
	}
	address := idp.Authority("common") + "/discovery/v2.0/keys"
	for range 1000 {
		require.Equal(t, http.StatusBadGateway, get(t, address, "").StatusCode)
	}
	assert.Equal(t, http.StatusOK, get(t, address, "").StatusCode)
}
