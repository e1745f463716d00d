package entra_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
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

// revocationWorld is a provider with a revocation endpoint.
func revocationWorld(t testing.TB, change func(*fakeidp.Config, *entra.Config)) world {
	t.Helper()
	return newWorld(t, fakeidp.ContosoTenantID, func(f *fakeidp.Config, e *entra.Config) {
		f.Revocation = true
		if change != nil {
			change(f, e)
		}
	})
}

// TestARefreshTokenIsRevoked with each kind of credential, in the form that the metadata
// list.
func TestARefreshTokenIsRevoked(t *testing.T) {
	cert, cluster := goodPair(t, 0), tokenIssuer(t, 1)
	for name, c := range map[string]struct {
		auth     fakeidp.Authenticator
		change   func(*fakeidp.Config, *entra.Config)
		metadata map[string]any
		proof    string // the parameter with the credential; empty for the header
	}{
		"secret in the form":                  {proof: "client_secret"},
		"secret in the header":                {metadata: map[string]any{"revocation_endpoint_auth_methods_supported": []string{"client_secret_basic"}}},
		"secret in the header, as for tokens": {metadata: map[string]any{"token_endpoint_auth_methods_supported": []string{"client_secret_basic"}}},
		"secret in the form, unlike that of tokens": {proof: "client_secret", metadata: map[string]any{
			"token_endpoint_auth_methods_supported":      []string{"client_secret_basic"},
			"revocation_endpoint_auth_methods_supported": []string{"client_secret_post"},
		}},
		"certificate": {auth: clientauth.NewCertificates(cert.cert), change: certificateFile(tempFile(t, cert.pem(t))), proof: "client_assertion"},
		"certificate, listed": {auth: clientauth.NewCertificates(cert.cert), change: certificateFile(tempFile(t, cert.pem(t))), proof: "client_assertion", metadata: map[string]any{
			"revocation_endpoint_auth_methods_supported":            []string{"private_key_jwt"},
			"revocation_endpoint_auth_signing_alg_values_supported": []string{"PS256"},
		}},
		"federated token": {auth: clientauth.NewFederated(clusterIssuer, clusterSubject, exchange, cluster.Key()), change: func(_ *fakeidp.Config, e *entra.Config) {
			e.Credential.FederatedTokenFile = tempFile(t, clusterToken(t, cluster, exchange, time.Hour))
		}, proof: "client_assertion"},
	} {
		t.Run(name, func(t *testing.T) {
			w := revocationWorld(t, func(f *fakeidp.Config, e *entra.Config) {
				if c.auth != nil {
					f.Clients, e.Credential.Secret = []fakeidp.Client{clientWith(c.auth)}, ""
					c.change(f, e)
				}
			})
			w.idp.MutateMetadata(func(_ string, m map[string]any) {
				for member, value := range c.metadata {
					m[member] = value
				}
			})
			assert.False(t, w.provider.RevokesTokens(), "the metadata are not loaded")
			in := w.mustSignIn(t, fakeidp.UserMember, apiScope)
			assert.True(t, w.provider.RevokesTokens())
			require.NoError(t, w.provider.RevokeToken(t.Context(), in.Tokens.RefreshToken))

			posts := w.idp.Log(fakeidp.EndpointRevocation)
			require.Len(t, posts, 1)
			form := posts[0].Form
			assert.Equal(t, in.Tokens.RefreshToken, form.Get("token"))
			assert.Equal(t, "refresh_token", form.Get("token_type_hint"))
			assert.False(t, form.Has("grant_type"))
			assert.Equal(t, c.proof == "", posts[0].Header.Get("Authorization") != "")
			if c.proof != "" {
				assert.NotEmpty(t, form.Get(c.proof))
			}
			if c.auth != nil && strings.HasPrefix(name, "certificate") {
				_, claims, _ := decodeAssertion(t, form.Get("client_assertion"))
				assert.Contains(t, claims, `{"aud":"`+w.idp.Authority(fakeidp.ContosoTenantID)+`/oauth2/v2.0/token",`)
			}
			_, err := w.provider.Refresh(t.Context(), refreshOf(in))
			require.ErrorIs(t, err, ports.ErrInteractionRequired)
		})
	}
}

// TestARevocationNeedsACredentialThatTheEndpointTakes sends nothing otherwise.
func TestARevocationNeedsACredentialThatTheEndpointTakes(t *testing.T) {
	cert := goodPair(t, 0)
	for _, metadata := range []map[string]any{
		{"revocation_endpoint_auth_methods_supported": []string{"client_secret_basic"}},
		{"revocation_endpoint_auth_signing_alg_values_supported": []string{"ES256"}},
	} {
		w := revocationWorld(t, func(f *fakeidp.Config, e *entra.Config) {
			f.Clients, e.Credential.Secret = []fakeidp.Client{clientWith(clientauth.NewCertificates(cert.cert))}, ""
			certificateFile(tempFile(t, cert.pem(t)))(f, e)
		})
		w.idp.MutateMetadata(func(_ string, m map[string]any) {
			for member, value := range metadata {
				m[member] = value
			}
		})
		in := w.mustSignIn(t, fakeidp.UserMember, apiScope)
		require.ErrorIs(t, w.provider.RevokeToken(t.Context(), in.Tokens.RefreshToken), ports.ErrProviderRefused)
		assert.Zero(t, w.idp.Requests(fakeidp.EndpointRevocation))
	}
}

// TestLegalAnswersToARevocation: only the status counts (RFC 7009, section 2.2).
func TestLegalAnswersToARevocation(t *testing.T) {
	w := revocationWorld(t, nil)
	w.begin(t) // loads the metadata
	for name, fault := range map[string]fakeidp.Fault{
		"empty":            {Status: 200},
		"an object":        {Status: 200, Body: `{}`},
		"error null":       {Status: 200, Body: `{"error":null}`},
		"text":             {Status: 200, Body: "ok", ContentType: "text/plain"},
		"empty, as HTML":   {Status: 200, Body: "\n", ContentType: "text/html; charset=utf-8"},
		"an invalid type":  {Status: 200, Body: "ok", ContentType: ";"},
		"a megabyte of it": {Status: 200, Size: 1 << 20},
	} {
		fault.Times = 1
		w.idp.Fail(fakeidp.EndpointRevocation, fault)
		assert.NoError(t, w.provider.RevokeToken(t.Context(), "1.AXtoken"), name)
	}
}

// TestBadAnswersToARevocation: each is logged without the token. The request is sent
// once.
func TestBadAnswersToARevocation(t *testing.T) {
	var log bytes.Buffer
	w := revocationWorld(t, func(_ *fakeidp.Config, e *entra.Config) {
		e.Timeout = 300 * time.Millisecond
		e.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	w.begin(t) // loads the metadata
	for name, c := range map[string]struct {
		fault fakeidp.Fault
		want  error
		code  string
	}{
		"invalid token":       {fakeidp.Fault{Status: 400, Body: `{"error":"invalid_token"}`}, ports.ErrProviderRefused, "invalid_token"},
		"unsupported type":    {fakeidp.Fault{Status: 400, Body: `{"error":"unsupported_token_type"}`}, ports.ErrProviderRefused, "unsupported_token_type"},
		"a wrong credential":  {fakeidp.Fault{Error: &fakeidp.Error{Number: 7000215}}, ports.ErrProviderRefused, "invalid_client"},
		"an error by 200":     {fakeidp.Fault{Status: 200, Body: `{"error":"invalid_request"}`}, ports.ErrProviderRefused, "invalid_request"},
		"a person's name":     {fakeidp.Fault{Status: 400, Body: `{"error":"Adele @ contoso"}`}, ports.ErrProviderRefused, "unrecognized_error"},
		"too many requests":   {fakeidp.Fault{Status: 429, RetryAfter: "1", Error: &fakeidp.Error{Number: 90055}}, ports.ErrProviderUnavailable, "temporarily_unavailable"},
		"failed for a moment": {fakeidp.Fault{Status: 503, RetryAfter: "1"}, ports.ErrProviderUnavailable, ""},
		"failed":              {fakeidp.Fault{Status: 500, Body: `{"error":"server_error"}`}, ports.ErrProviderUnavailable, "server_error"},
		"no content":          {fakeidp.Fault{Status: 202}, ports.ErrProviderUnavailable, ""},
		"HTML":                {fakeidp.Fault{Status: 200, Body: "<p>Welcome</p>", ContentType: "text/html"}, ports.ErrProviderUnavailable, ""},
		"a firewall's page":   {fakeidp.Fault{Status: 403, Body: "<p>Blocked</p>", ContentType: "text/html"}, ports.ErrProviderUnavailable, ""},
		"no such page":        {fakeidp.Fault{Status: 404}, ports.ErrProviderUnavailable, ""},
		"a redirect":          {fakeidp.Fault{Status: 307, Location: "/common/oauth2/v2.0/revoke"}, ports.ErrProviderUnavailable, ""},
		"huge":                {fakeidp.Fault{Status: 200, Size: 2 << 20}, ports.ErrProviderUnavailable, ""},
		"a compressed bomb":   {fakeidp.Fault{Status: 200, Size: 50 << 20, Gzip: true}, ports.ErrProviderUnavailable, ""},
		"slow":                {fakeidp.Fault{Delay: 10 * time.Second}, ports.ErrProviderUnavailable, ""},
		"slow in the body":    {fakeidp.Fault{Status: 200, Drip: time.Millisecond}, ports.ErrProviderUnavailable, ""},
		"no response":         {fakeidp.Fault{Cut: true}, ports.ErrProviderUnavailable, ""},
		"cut":                 {fakeidp.Fault{Status: 200, Body: `{"a":"b"}`, CutAfter: 4}, ports.ErrProviderUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			log.Reset()
			before := w.idp.Requests(fakeidp.EndpointRevocation)
			w.idp.Fail(fakeidp.EndpointRevocation, c.fault)
			err := w.provider.RevokeToken(t.Context(), "1.AXtoken-of-adele")
			w.idp.Heal()
			require.ErrorIs(t, err, c.want)
			assertNothingSecret(t, err)
			assert.Equal(t, before+1, w.idp.Requests(fakeidp.EndpointRevocation))
			assert.Contains(t, log.String(), "the provider has not revoked a refresh token")
			assertNothingSecret(t, errors.New(log.String()))
			reported, ok := errors.AsType[*ports.ProviderError](err)
			if assert.Equal(t, c.code != "", ok); ok {
				assert.Equal(t, c.code, reported.Code)
			}
		})
	}
}

// TestWhetherTokensAreRevoked by the metadata. No fault in them prevents a sign-in.
func TestWhetherTokensAreRevoked(t *testing.T) {
	const endpoint = "revocation_endpoint"
	for name, c := range map[string]struct {
		change func(map[string]any)
		want   bool
	}{
		"offered":            {func(map[string]any) {}, true},
		"another host":       {func(m map[string]any) { m[endpoint] = "https://revoke.example/" }, true},
		"not offered":        {func(m map[string]any) { delete(m, endpoint) }, false},
		"null":               {func(m map[string]any) { m[endpoint] = nil }, false},
		"empty":              {func(m map[string]any) { m[endpoint] = "" }, false},
		"a number":           {func(m map[string]any) { m[endpoint] = 7 }, false},
		"no URL":             {func(m map[string]any) { m[endpoint] = "/revoke" }, false},
		"not https":          {func(m map[string]any) { m[endpoint] = "http://192.0.2.1/revoke" }, false},
		"methods null":       {func(m map[string]any) { m[endpoint+"_auth_methods_supported"] = nil }, true},
		"methods no list":    {func(m map[string]any) { m[endpoint+"_auth_methods_supported"] = "client_secret_post" }, false},
		"algorithms no list": {func(m map[string]any) { m[endpoint+"_auth_signing_alg_values_supported"] = 7 }, false},
	} {
		w := revocationWorld(t, nil)
		w.idp.MutateMetadata(func(_ string, m map[string]any) { c.change(m) })
		in := w.mustSignIn(t, fakeidp.UserMember, apiScope)
		assert.Equal(t, c.want, w.provider.RevokesTokens(), name)
		off := w.config
		off.RevocationOff = true
		configured, err := entra.New(off)
		require.NoError(t, err)
		require.NoError(t, configured.Ready(t.Context()))
		assert.False(t, configured.RevokesTokens(), name)
		exam, err := examiner(t, w, fakeidp.ContosoTenantID).Metadata(t.Context())
		require.NoError(t, err, name)
		assert.Equal(t, c.want, exam.RevocationEndpoint != "", name)
		absent := name == "not offered" || name == "null"
		assert.Equal(t, !c.want && !absent, exam.RevocationFault != nil, name)
		if !c.want {
			require.ErrorIs(t, w.provider.RevokeToken(t.Context(), in.Tokens.RefreshToken), ports.ErrProviderUnavailable, name)
			assert.Zero(t, w.idp.Requests(fakeidp.EndpointRevocation), name)
		}
	}
}

// TestARevocationEndsWithItsCaller does not wait for the adapter's own time limit.
func TestARevocationEndsWithItsCaller(t *testing.T) {
	w := revocationWorld(t, nil)
	w.begin(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.idp.Fail(fakeidp.EndpointRevocation, fakeidp.Fault{Hang: true, Met: cancel})
	require.ErrorIs(t, w.provider.RevokeToken(ctx, "1.AXtoken"), ports.ErrProviderUnavailable)
}
