package entra_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/entra"
	"webapp/internal/adapters/fakeidp"
	"webapp/internal/ports"
)

// The code is posted once, however the token endpoint fails.
func TestCodeIsPostedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		fault fakeidp.Fault
		kind  error
	}{
		"wrong secret":        {fakeidp.Fault{Error: &fakeidp.Error{Number: 7000215}}, ports.ErrProviderRefused},
		"code spent":          {fakeidp.Fault{Error: &fakeidp.Error{Number: 54005}}, ports.ErrProviderRefused},
		"interaction":         {fakeidp.Fault{Error: &fakeidp.Error{Number: 50076}}, ports.ErrInteractionRequired},
		"refused with 401":    {fakeidp.Fault{Status: 401, Error: &fakeidp.Error{Number: 7000222}}, ports.ErrProviderRefused},
		"error with 200":      {fakeidp.Fault{Status: 200, Error: &fakeidp.Error{Number: 54005}}, ports.ErrProviderRefused},
		"error with 503":      {fakeidp.Fault{Status: 503, Error: &fakeidp.Error{Number: 90033}}, ports.ErrProviderUnavailable},
		"throttled":           {fakeidp.Fault{Status: 429, RetryAfter: "1", Body: `{"error":"slow_down"}`}, ports.ErrProviderUnavailable},
		"a page in place":     {fakeidp.Fault{Status: 502, Body: "<html>adele@contoso.example</html>", ContentType: "text/html"}, ports.ErrProviderUnavailable},
		"no JSON with 400":    {fakeidp.Fault{Status: 400, Body: "eyJhbGciOi"}, ports.ErrProviderUnavailable},
		"no JSON with 200":    {fakeidp.Fault{Status: 200, Body: "access_token=x&id_token=eyJ", ContentType: "text/plain"}, ports.ErrProviderUnavailable},
		"a portal with 200":   {fakeidp.Fault{Status: 200, Body: "<html>adele@contoso.example</html>", ContentType: "text/html"}, ports.ErrProviderUnavailable},
		"half a JSON, 200":    {fakeidp.Fault{Status: 200, Body: `{"id_token":"eyJ`}, ports.ErrProviderUnavailable},
		"duplicates with 200": {fakeidp.Fault{Status: 200, Body: `{"id_token":"a","id_token":"b"}`}, ports.ErrTokenRefused},
		"empty object":        {fakeidp.Fault{Status: 200, Body: `{}`}, ports.ErrTokenRefused},
		"redirect":            {fakeidp.Fault{Status: 302, Body: "x"}, ports.ErrProviderUnavailable},
		"redirect keeping it": {fakeidp.Fault{Status: 307, Body: "x"}, ports.ErrProviderUnavailable},
		"connection cut":      {fakeidp.Fault{Cut: true}, ports.ErrProviderUnavailable},
		"answer lost":         {fakeidp.Fault{After: true}, ports.ErrProviderUnavailable},
		"answer cut off":      {fakeidp.Fault{Status: 200, CutAfter: 5, Body: `{"id_token":"x"}`}, ports.ErrProviderUnavailable},
		"50 MB":               {fakeidp.Fault{Status: 200, Body: `{}`, Size: 50 << 20}, ports.ErrProviderUnavailable},
		"compressed bomb":     {fakeidp.Fault{Status: 200, Body: `{}`, Size: 1 << 30, Gzip: true}, ports.ErrProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			w := contoso(t)
			a := w.begin(t)
			cb := w.approve(t, a.URL, fakeidp.UserMember)
			w.idp.Fail(fakeidp.EndpointToken, c.fault)
			in, err := w.provider.Complete(t.Context(), cb, a.Secret)
			require.ErrorIs(t, err, c.kind)
			assert.Zero(t, in)
			assert.NotContains(t, err.Error(), cb.Code)
			assertNothingSecret(t, err)
			assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointToken))
			w.idp.Heal()
			w.mustSignIn(t, fakeidp.UserMember)
		})
	}
}

func TestCodeGoesNowhereWhenTheCallbackIsWrong(t *testing.T) {
	w := contoso(t)
	a := w.begin(t)
	good := w.approve(t, a.URL, fakeidp.UserMember)
	for name, change := range map[string]func(*ports.Callback){
		"no code":        func(cb *ports.Callback) { cb.Code = "" },
		"a huge code":    func(cb *ports.Callback) { cb.Code = string(make([]byte, 1<<20)) },
		"another issuer": func(cb *ports.Callback) { cb.Issuer = "https://attacker.example" },
		"an error too":   func(cb *ports.Callback) { cb.Error = "access_denied" },
	} {
		cb := good
		change(&cb)
		_, err := w.provider.Complete(t.Context(), cb, a.Secret)
		assert.Error(t, err, name)
	}
	assert.Zero(t, w.idp.Requests(fakeidp.EndpointToken))
}

func TestIssuerParameterIsRequiredWhereAnnounced(t *testing.T) {
	w := contoso(t)
	w.idp.MutateMetadata(func(_ string, m map[string]any) { m["authorization_response_iss_parameter_supported"] = true })
	a := w.begin(t)
	cb := w.approve(t, a.URL, fakeidp.UserMember)
	cb.Issuer = ""
	_, err := w.provider.Complete(t.Context(), cb, a.Secret)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	cb.Issuer = w.idp.Issuer(fakeidp.ContosoTenantID)
	_, err = w.provider.Complete(t.Context(), cb, a.Secret)
	require.NoError(t, err)
}

func TestIssuerParameterBindsTheTokensIssuer(t *testing.T) {
	w := newWorld(t, "common", nil)
	a := w.begin(t)
	cb := w.approve(t, a.URL, fakeidp.UserMember)
	cb.Issuer = w.idp.Issuer(fakeidp.FabrikamTenantID)
	_, err := w.provider.Complete(t.Context(), cb, a.Secret)
	require.ErrorIs(t, err, ports.ErrTokenRefused)
	assert.ErrorContains(t, err, "its issuer is not the expected one")
}

func TestClientAuthentication(t *testing.T) {
	const awkward = "p%ss +&=/wörd:"
	for name, c := range map[string]struct {
		methods []string
		basic   bool
	}{
		"as Entra":             {[]string{"client_secret_post", "private_key_jwt", "client_secret_basic"}, false},
		"basic alone":          {[]string{"client_secret_basic"}, true},
		"post alone":           {[]string{"client_secret_post"}, false},
		"not said means basic": {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, fakeidp.ContosoTenantID, func(f *fakeidp.Config, e *entra.Config) {
				client := fakeidp.DefaultClient()
				client.Secrets = []string{awkward}
				f.Clients = []fakeidp.Client{client}
				e.Credential.Secret = awkward
			})
			w.idp.MutateMetadata(func(_ string, m map[string]any) {
				m["token_endpoint_auth_methods_supported"] = c.methods
				if c.methods == nil {
					delete(m, "token_endpoint_auth_methods_supported")
				}
			})
			w.mustSignIn(t, fakeidp.UserMember)
			sent := w.idp.Log(fakeidp.EndpointToken)[0]
			assert.Equal(t, c.basic, sent.Header.Get("Authorization") != "")
			assert.Equal(t, !c.basic, sent.Form.Has("client_secret"))
		})
	}
}

// TestNoAccessToken checks a response that has no access token, as B2C sends for the
// scope openid alone.
func TestNoAccessToken(t *testing.T) {
	w := contoso(t)
	w.idp.Mutate(func(d *fakeidp.TokenDraft) {
		delete(d.Response, "access_token")
		delete(d.Response, "token_type")
	})
	assert.Empty(t, w.mustSignIn(t, fakeidp.UserMember).Tokens.AccessTokens)
}

func TestTokenAnswerIsChecked(t *testing.T) {
	w := contoso(t)
	for member, value := range map[string]any{"access_token": 7, "refresh_token": []string{"x"}, "token_type": "mac"} {
		w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Response[member] = value })
		_, err := w.signIn(t, fakeidp.UserMember, apiScope)
		assert.ErrorIs(t, err, ports.ErrTokenRefused, member)
	}
	for value, want := range map[any]time.Duration{
		"600": 10 * time.Minute, 600: 10 * time.Minute, -5: 5 * time.Minute, "soon": 5 * time.Minute, 1e300: 5 * time.Minute,
		int64(1) << 62: 30 * 24 * time.Hour,
	} {
		w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Response["expires_in"] = value })
		token := w.mustSignIn(t, fakeidp.UserMember, apiScope).Tokens.AccessTokens[0]
		assert.Equal(t, want, token.Expires.Sub(w.clock.Now()), value)
	}
}

func TestProviderErrorCarriesNumbersOnly(t *testing.T) {
	w := contoso(t)
	a := w.begin(t)
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Error: &fakeidp.Error{
		Number: 50076, Text: "adele.vance@contoso.example must do more", Claims: `{"access_token":{"capolids":{"essential":true}}}`,
	}})
	_, err := w.provider.Complete(t.Context(), w.approve(t, a.URL, fakeidp.UserMember), a.Secret)
	e, ok := errors.AsType[*ports.ProviderError](err)
	require.True(t, ok)
	assert.Equal(t, "interaction_required", e.Code)
	assert.Equal(t, 50076, e.Number)
	assert.Len(t, e.CorrelationID, 36)
	assert.Len(t, e.TraceID, 36)
	assert.NotEmpty(t, e.Timestamp)
	assert.JSONEq(t, `{"access_token":{"capolids":{"essential":true}}}`, e.Claims)
	assert.NotContains(t, err.Error(), "adele")
}
