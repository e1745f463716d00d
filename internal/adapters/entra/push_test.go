package entra_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/fakeidp/clientauth"
	"webapp/internal/ports"
)

// pushedWorld is a provider with pushed authorization requests.
func pushedWorld(t testing.TB, change func(*fakeidp.Config, *entra.Config)) world {
	t.Helper()
	return newWorld(t, fakeidp.ContosoTenantID, func(f *fakeidp.Config, e *entra.Config) {
		f.PushedRequests = true
		if change != nil {
			change(f, e)
		}
	})
}

// otherProvider makes the adapter one for any OpenID Provider.
func otherProvider(_ *fakeidp.Config, e *entra.Config) { e.Issuer = "self" }

// TestASignInIsPushed with each kind of credential, in the form of the token endpoint.
func TestASignInIsPushed(t *testing.T) {
	cert, cluster := goodPair(t, 0), tokenIssuer(t, 1)
	for name, c := range map[string]struct {
		auth     fakeidp.Authenticator
		change   func(*fakeidp.Config, *entra.Config)
		metadata func(map[string]any)
		proof    string // the parameter with the credential; empty for the header
	}{
		"secret in the form": {proof: "client_secret"},
		"secret in the header": {metadata: func(m map[string]any) {
			m["token_endpoint_auth_methods_supported"] = []string{"client_secret_basic"}
		}},
		"certificate": {clientauth.NewCertificates(cert.cert), certificateFile(tempFile(t, cert.pem(t))), nil, "client_assertion"},
		"certificate, another provider": {clientauth.NewCertificates(cert.cert), func(f *fakeidp.Config, e *entra.Config) {
			certificateFile(tempFile(t, cert.pem(t)))(f, e)
			otherProvider(f, e)
		}, nil, "client_assertion"},
		"federated token": {clientauth.NewFederated(clusterIssuer, clusterSubject, exchange, cluster.Key()), func(_ *fakeidp.Config, e *entra.Config) {
			e.Credential.FederatedTokenFile = tempFile(t, clusterToken(t, cluster, exchange, time.Hour))
		}, nil, "client_assertion"},
	} {
		t.Run(name, func(t *testing.T) {
			w := pushedWorld(t, func(f *fakeidp.Config, e *entra.Config) {
				f.RequirePushedRequests = true
				if c.auth != nil {
					f.Clients, e.Credential.Secret = []fakeidp.Client{clientWith(c.auth)}, ""
					c.change(f, e)
				}
			})
			if c.metadata != nil {
				w.idp.MutateMetadata(func(_ string, m map[string]any) { c.metadata(m) })
			}
			a := w.begin(t, apiScope)
			location, err := url.Parse(a.URL)
			require.NoError(t, err)
			assert.Len(t, location.Query(), 2, a.URL)
			assert.Equal(t, fakeidp.DefaultClientID, location.Query().Get("client_id"))
			assert.Equal(t, testState, w.idp.PushedRequest(a.URL).Get("state"))

			posts := w.idp.Log(fakeidp.EndpointPushed)
			require.Len(t, posts, 1)
			form := posts[0].Form
			assert.Equal(t, fakeidp.DefaultClientID, form.Get("client_id"))
			assert.Len(t, form.Get("code_challenge"), 43)
			assert.False(t, form.Has("grant_type"))
			assert.Equal(t, c.proof == "", posts[0].Header.Get("Authorization") != "")
			if c.proof != "" {
				assert.NotEmpty(t, form.Get(c.proof))
			}
			if strings.HasPrefix(name, "certificate") {
				_, claims, _ := decodeAssertion(t, form.Get("client_assertion"))
				audience := w.idp.Authority(fakeidp.ContosoTenantID) + "/oauth2/v2.0/token"
				if w.config.Issuer != "" {
					audience = w.config.Issuer
				}
				assert.Contains(t, claims, `{"aud":"`+audience+`",`)
			}
			_, err = w.provider.Complete(t.Context(), w.approve(t, a.URL, fakeidp.UserMember), a.Secret)
			require.NoError(t, err)
		})
	}
}

// TestEverythingOfARequestIsPushed compares a pushed request with one in the URL.
func TestEverythingOfARequestIsPushed(t *testing.T) {
	hints := func(_ *fakeidp.Config, e *entra.Config) {
		e.Prompt, e.DomainHint = entra.PromptLogin, "contoso.example"
	}
	pushed, plain := pushedWorld(t, hints), newWorld(t, fakeidp.ContosoTenantID, hints)
	req := ports.AuthorizationRequest{
		State: testState, Scopes: []string{apiScope}, Claims: `{"id_token":{"acrs":{"value":"a&b"}}}`, UILocales: "zh-Hans",
	}
	a, err := pushed.provider.Begin(t.Context(), req)
	require.NoError(t, err)
	sent, want := pushed.idp.PushedRequest(a.URL), plain.query(t, req)
	for _, random := range []string{"nonce", "code_challenge"} {
		assert.Len(t, sent.Get(random), 43)
		want.Set(random, sent.Get(random))
	}
	assert.Equal(t, want, sent)
}

// TestARequestURIIsEscaped, and the authorization endpoint's own query stays.
func TestARequestURIIsEscaped(t *testing.T) {
	const uri = "https://idp.example/r?x=1&client_id=evil#f+%20"
	w := pushedWorld(t, nil)
	w.idp.MutateMetadata(func(_ string, m map[string]any) {
		m["authorization_endpoint"] = m["authorization_endpoint"].(string) + "?p=b2c_1_susi;v=2"
	})
	body, err := json.Marshal(map[string]any{"request_uri": uri, "expires_in": 60})
	require.NoError(t, err)
	w.idp.Fail(fakeidp.EndpointPushed, fakeidp.Fault{Status: http.StatusCreated, Body: string(body)})
	a := w.begin(t)
	before, rest, _ := strings.Cut(a.URL, "?")
	assert.True(t, strings.HasSuffix(before, "/authorize"))
	own, rest, _ := strings.Cut(rest, "&")
	assert.Equal(t, "p=b2c_1_susi;v=2", own)
	query, err := url.ParseQuery(rest)
	require.NoError(t, err)
	assert.Equal(t, url.Values{"client_id": {fakeidp.DefaultClientID}, "request_uri": {uri}}, query)
}

// TestLegalAnswersToAPush: expires_in is not needed, because the browser goes there at
// once.
func TestLegalAnswersToAPush(t *testing.T) {
	w := pushedWorld(t, nil)
	for name, fault := range map[string]fakeidp.Fault{
		"status 200":      {Status: 200, Body: `{"request_uri":"urn:x","expires_in":90}`},
		"no expires_in":   {Status: 201, Body: `{"request_uri":"urn:x"}`},
		"expires_in text": {Status: 201, Body: `{"request_uri":"urn:x","expires_in":"90"}`},
		"expires_in odd":  {Status: 201, Body: `{"request_uri":"urn:x","expires_in":-1.5}`},
		"error null":      {Status: 201, Body: `{"request_uri":"urn:x","error":null}`},
		"another type":    {Status: 201, Body: `{"request_uri":"urn:x"}`, ContentType: "text/plain"},
		"512 characters":  {Status: 201, Body: `{"request_uri":"urn:` + strings.Repeat("x", 508) + `"}`},
	} {
		fault.Times = 1
		w.idp.Fail(fakeidp.EndpointPushed, fault)
		u, err := url.Parse(w.begin(t).URL)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(u.Query().Get("request_uri"), "urn:"), name)
	}
}

// TestBadAnswersToAPush: each is a failed sign-in. The request is sent once, and never
// again in the URL.
func TestBadAnswersToAPush(t *testing.T) {
	w := pushedWorld(t, func(_ *fakeidp.Config, e *entra.Config) { e.Timeout = 300 * time.Millisecond })
	w.begin(t) // loads the metadata
	for name, c := range map[string]struct {
		fault fakeidp.Fault
		want  error
		code  string
	}{
		"no request_uri":      {fakeidp.Fault{Status: 201, Body: `{"expires_in":60}`}, ports.ErrProviderUnavailable, ""},
		"request_uri null":    {fakeidp.Fault{Status: 201, Body: `{"request_uri":null}`}, ports.ErrProviderUnavailable, ""},
		"request_uri empty":   {fakeidp.Fault{Status: 201, Body: `{"request_uri":""}`}, ports.ErrProviderUnavailable, ""},
		"request_uri a list":  {fakeidp.Fault{Status: 201, Body: `{"request_uri":["urn:x"]}`}, ports.ErrProviderUnavailable, ""},
		"request_uri twice":   {fakeidp.Fault{Status: 201, Body: `{"request_uri":"urn:x","request_uri":"urn:y"}`}, ports.ErrProviderUnavailable, ""},
		"a line break":        {fakeidp.Fault{Status: 201, Body: `{"request_uri":"urn:x\nLocation: y"}`}, ports.ErrProviderUnavailable, ""},
		"too long":            {fakeidp.Fault{Status: 201, Body: `{"request_uri":"urn:` + strings.Repeat("x", 2045) + `"}`}, ports.ErrProviderUnavailable, ""},
		"huge":                {fakeidp.Fault{Status: 201, Body: `{"request_uri":"urn:x"}`, Size: 2 << 20}, ports.ErrProviderUnavailable, ""},
		"a compressed bomb":   {fakeidp.Fault{Status: 201, Body: `{"request_uri":"urn:x"}`, Size: 50 << 20, Gzip: true}, ports.ErrProviderUnavailable, ""},
		"slow":                {fakeidp.Fault{Delay: 10 * time.Second}, ports.ErrProviderUnavailable, ""},
		"slow in the body":    {fakeidp.Fault{Status: 201, Body: `{"request_uri":"urn:x"`, Drip: time.Millisecond}, ports.ErrProviderUnavailable, ""},
		"no response":         {fakeidp.Fault{Cut: true}, ports.ErrProviderUnavailable, ""},
		"cut":                 {fakeidp.Fault{Status: 201, Body: `{"request_uri":"urn:x"}`, CutAfter: 12}, ports.ErrProviderUnavailable, ""},
		"HTML":                {fakeidp.Fault{Status: 200, Body: "<p>Welcome</p>", ContentType: "text/html"}, ports.ErrProviderUnavailable, ""},
		"a firewall's page":   {fakeidp.Fault{Status: 403, Body: "<p>Blocked</p>", ContentType: "text/html"}, ports.ErrProviderUnavailable, ""},
		"no such page":        {fakeidp.Fault{Status: 404}, ports.ErrProviderUnavailable, ""},
		"a redirect":          {fakeidp.Fault{Status: 307, Location: "/common/oauth2/v2.0/par"}, ports.ErrProviderUnavailable, ""},
		"another status":      {fakeidp.Fault{Status: 202, Body: `{"request_uri":"urn:x"}`}, ports.ErrProviderUnavailable, ""},
		"refused":             {fakeidp.Fault{Error: &fakeidp.Error{Number: 50011}}, ports.ErrProviderRefused, "invalid_request"},
		"an error by 201":     {fakeidp.Fault{Status: 201, Body: `{"request_uri":"urn:x","error":"invalid_request"}`}, ports.ErrProviderRefused, "invalid_request"},
		"a wrong credential":  {fakeidp.Fault{Error: &fakeidp.Error{Number: 7000215}}, ports.ErrProviderRefused, "invalid_client"},
		"too many requests":   {fakeidp.Fault{Status: 429, Error: &fakeidp.Error{Number: 90055}}, ports.ErrProviderUnavailable, "temporarily_unavailable"},
		"failed":              {fakeidp.Fault{Status: 503}, ports.ErrProviderUnavailable, ""},
		"failed, as an error": {fakeidp.Fault{Status: 500, Body: `{"error":"invalid_request"}`}, ports.ErrProviderUnavailable, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.idp.Requests(fakeidp.EndpointPushed)
			w.idp.Fail(fakeidp.EndpointPushed, c.fault)
			a, err := w.provider.Begin(t.Context(), ports.AuthorizationRequest{State: testState})
			w.idp.Heal()
			require.ErrorIs(t, err, c.want)
			assert.Empty(t, a)
			assertNothingSecret(t, err)
			assert.ErrorContains(t, err, "pushed authorization request: ")
			assert.Equal(t, before+1, w.idp.Requests(fakeidp.EndpointPushed))
			reported, ok := errors.AsType[*ports.ProviderError](err)
			if assert.Equal(t, c.code != "", ok); ok {
				assert.Equal(t, c.code, reported.Code)
			}
		})
	}
}

// TestWhetherASignInIsPushed by the metadata and the configuration.
func TestWhetherASignInIsPushed(t *testing.T) {
	const endpoint, required = "pushed_authorization_request_endpoint", "require_pushed_authorization_requests"
	elsewhere := func(m map[string]any) { m[endpoint] = "http://192.0.2.1/par" }
	for name, c := range map[string]struct {
		change func(map[string]any)
		auto   string // pushed, plain or a part of the error
		off    string
	}{
		"offered":               {func(map[string]any) {}, "pushed", "plain"},
		"required":              {func(m map[string]any) { m[required] = true }, "pushed", "PUSHED_AUTHORIZATION_REQUESTS is off"},
		"not offered":           {func(m map[string]any) { delete(m, endpoint) }, "plain", "plain"},
		"null":                  {func(m map[string]any) { m[endpoint], m[required] = nil, nil }, "plain", "plain"},
		"required, no endpoint": {func(m map[string]any) { delete(m, endpoint); m[required] = true }, endpoint, "PUSHED_AUTHORIZATION_REQUESTS is off"},
		"not https":             {elsewhere, endpoint, "plain"},
		"no URL":                {func(m map[string]any) { m[endpoint] = "/par" }, endpoint, "plain"},
		"a number":              {func(m map[string]any) { m[endpoint] = 7 }, endpoint, "plain"},
		"required, as a text":   {func(m map[string]any) { m[required] = "true" }, required, "plain"},
	} {
		for off, want := range map[bool]string{false: c.auto, true: c.off} {
			w := pushedWorld(t, func(_ *fakeidp.Config, e *entra.Config) { e.PushedRequestsOff = off })
			w.idp.MutateMetadata(func(_ string, m map[string]any) { c.change(m) })
			assert.Equal(t, !off, w.provider.PushesRequests(), "before the metadata are loaded")
			a, err := w.provider.Begin(t.Context(), ports.AuthorizationRequest{State: testState})
			ready := w.provider.Ready(t.Context())
			assert.Equal(t, want == "pushed", w.provider.PushesRequests(), name)
			if want != "pushed" && want != "plain" {
				require.ErrorIs(t, err, ports.ErrProviderSetup, name)
				assert.ErrorContains(t, err, want, name)
				assert.ErrorIs(t, ready, ports.ErrProviderSetup, name)
				assert.Empty(t, a)
				assert.Zero(t, w.idp.Requests(fakeidp.EndpointPushed), name)
				continue
			}
			require.NoError(t, err, name)
			assert.NoError(t, ready, name)
			assert.Equal(t, want == "pushed", strings.Contains(a.URL, "request_uri="), name)
			assert.Equal(t, want == "plain", strings.Contains(a.URL, "state="), name)
		}
	}
}

// TestPeopleStaySignedInWhilePushingDoesNotWork: only new sign-ins need the endpoint.
func TestPeopleStaySignedInWhilePushingDoesNotWork(t *testing.T) {
	w := pushedWorld(t, nil)
	in := w.mustSignIn(t, fakeidp.UserMember, apiScope)
	w.idp.MutateMetadata(func(_ string, m map[string]any) { m["pushed_authorization_request_endpoint"] = "broken" })
	restarted, err := entra.New(w.config)
	require.NoError(t, err)
	_, err = restarted.Begin(t.Context(), ports.AuthorizationRequest{State: testState})
	require.ErrorIs(t, err, ports.ErrProviderSetup)
	_, err = restarted.Refresh(t.Context(), refreshOf(in))
	require.NoError(t, err)
}
