package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/adapters/github"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
)

// policyOf is the Content-Security-Policy of the front-channel sign-out of a
// program with these variables, before it has heard of its provider.
func policyOf(t *testing.T, change map[string]string) string {
	t.Helper()
	vars := good()
	for name, value := range change {
		vars[name] = value
	}
	s, err := load(lookupIn(vars), false)
	require.NoError(t, err)
	clock := newTestClock()
	store := memory.New(clock.Now)
	t.Cleanup(func() { _ = store.Close() })
	app, err := wire(s, deps{now: clock.Now, store: store, logger: s.Logger(&safeBuffer{})})
	require.NoError(t, err)
	rec := httptest.NewRecorder()
	app.handler.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/frontchannel-logout", nil))
	require.Equal(t, http.StatusOK, rec.Code)
	return rec.Header().Get("Content-Security-Policy")
}

func TestTheProviderAloneFramesTheFrontChannel(t *testing.T) {
	tenant := "7f0b8a52-3c1d-4e6f-9a20-5d41c8e7b301"
	for name, c := range map[string]struct {
		vars map[string]string
		want string
	}{
		"Entra":            {map[string]string{"AUTHORITY": "https://login.microsoftonline.com/" + tenant}, "https://login.microsoftonline.com"},
		"Entra in China":   {map[string]string{"AUTHORITY": "https://Login.Partner.MicrosoftOnline.cn/" + tenant}, "https://login.partner.microsoftonline.cn"},
		"External ID":      {map[string]string{"AUTHORITY": "https://contoso.ciamlogin.com/"}, "https://contoso.ciamlogin.com"},
		"another provider": {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "https://id.example:8443/realms/one"}, "https://id.example:8443"},
		"this machine":     {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "http://localhost:8080/realms/one"}, "http://localhost:8080"},
		"no plain name":    {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": "https://bücher.example"}, "'none'"},
		"GitHub":           {map[string]string{"AUTHORITY": "", "OIDC_AUTHORITY": github.Issuer, "ALLOWED_SUBJECTS": "*"}, "'none'"},
	} {
		assert.Contains(t, policyOf(t, c.vars), "frame-ancestors "+c.want+";", name)
	}
}

func TestAProvidersSignOutAtAnotherOriginMayFrame(t *testing.T) {
	w := newWorld(t, nil)
	w.browser().mustSignIn(fakeidp.UserMember) // so that the metadata are there
	sources := w.s.FrameAncestors(signsOutAt("https://signout.example/end?x=y"))(t.Context())
	assert.Equal(t, []string{w.idp.BaseURL(), "https://signout.example"}, sources)
	for _, unusable := range []string{"", "https://evil.example;script-src", "https://a b.example/", "javascript:alert(1)", w.idp.BaseURL() + "/end"} {
		assert.Equal(t, []string{w.idp.BaseURL()}, w.s.FrameAncestors(signsOutAt(unusable))(t.Context()), unusable)
	}
}

// signsOutAt is a provider whose sign-out is there.
type signsOutAt string

func (signsOutAt) Begin(context.Context, ports.AuthorizationRequest) (ports.Authorization, error) {
	return ports.Authorization{}, ports.ErrProviderUnavailable
}

func (signsOutAt) Complete(context.Context, ports.Callback, string) (ports.SignedIn, error) {
	return ports.SignedIn{}, ports.ErrProviderUnavailable
}

func (at signsOutAt) EndSessionURL(context.Context, string) (string, error) { return string(at), nil }

// Whoever presses the button is led on by the provider, so its form is the one
// that may lead elsewhere.
func TestFormsLeadElsewhereOnlyToSignOut(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	action := func(path string) string {
		_, after, _ := strings.Cut(b.get(path).Header.Get("Content-Security-Policy"), "form-action ")
		sources, _, _ := strings.Cut(after, ";")
		return sources
	}
	for _, path := range []string{"/", "/logout", "/sessions", "/nowhere", "/healthz", "/readyz"} {
		assert.Equal(t, "'none'", action(path), path)
	}
	b.mustSignIn(fakeidp.UserMember)
	for _, path := range []string{"/", "/logout", "/sessions", "/call_api", "/groups", "/admin", "/nowhere"} {
		assert.Equal(t, "'self' https: "+w.idp.BaseURL(), action(path), path)
	}
	for _, path := range []string{"/healthz", "/readyz", "/static/none.css"} {
		assert.Equal(t, "'none'", action(path), path)
	}
	assert.Nil(t, w.s.SignOutTargets(&github.Provider{}), "it has no sign-out to lead to")
}
