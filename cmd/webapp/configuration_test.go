package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/fakeidp"
	webhttp "webapp/internal/adapters/http"
	"webapp/internal/adapters/session/memory"
	"webapp/internal/ports"
	"webapp/internal/ports/portstest"
	"webapp/internal/test/logtest"
)

// policyOf returns the Content-Security-Policy of the front-channel logout of a program
// with these variables, before the metadata are loaded.
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
	app, err := wire(s, deps{now: clock.Now, store: store, logger: s.Logger(&logtest.Buffer{})})
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

// signsOutAt is a provider with this end-session endpoint.
type signsOutAt string

func (signsOutAt) Begin(context.Context, ports.AuthorizationRequest) (ports.Authorization, error) {
	return ports.Authorization{}, ports.ErrProviderUnavailable
}

func (signsOutAt) Complete(context.Context, ports.Callback, string) (ports.SignedIn, error) {
	return ports.SignedIn{}, ports.ErrProviderUnavailable
}

func (at signsOutAt) EndSessionURL(context.Context, string) (string, error) { return string(at), nil }

// The provider can redirect the browser after the sign-out button, so only that form's
// policy allows other origins.
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
	paths := []string{"/", "/logout", "/nowhere"}
	for _, p := range webhttp.Pages() {
		if p.RecentSignIn == 0 && p.AuthContext == "" { // otherwise the response is a redirect
			paths = append(paths, p.Path)
		}
	}
	for _, path := range paths {
		assert.Equal(t, "'self' https: "+w.idp.BaseURL(), action(path), path)
	}
	for _, path := range []string{"/healthz", "/readyz", "/static/none.css"} {
		assert.Equal(t, "'none'", action(path), path)
	}
	assert.Nil(t, w.s.SignOutTargets(struct{ ports.IdentityProvider }{}), "it has no sign-out to prepare to")
}

// If two applications share a store and a SESSION_KEY, the sessions of one are not
// valid in the other, above all those of the demo, whose accounts have no password.
func TestSessionsOfAnotherApplicationAreNone(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"the demo":       func(s *config.Config) { s.Demo = true },
		"another client": func(s *config.Config) { s.ClientID = "11112222-bbbb-3333-cccc-4444dddd5555" },
		"another authority": func(s *config.Config) {
			s.Authority = strings.Replace(s.Authority, fakeidp.ContosoTenantID, "common", 1)
			s.AllowedTenants = []string{"*"}
		},
		"another OpenID Provider": func(s *config.Config) { s.Authority, s.OIDCAuthority = "", "https://idp.example" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"SESSION_KEY": someKey})
			ours, theirs := w.s, w.s
			change(&theirs)
			b := w.browser()
			b.mustSignIn(fakeidp.UserAdmin)
			w.s = theirs
			w.restart()
			assert.Equal(t, http.StatusUnauthorized, b.get("/sessions").StatusCode)
			w.s = ours
			w.restart()
			assert.True(t, b.signedIn(), "nothing of ours was ended")
		})
	}
	w := newWorld(t, map[string]string{"SESSION_KEY": someKey})
	b := w.browser()
	b.mustSignIn(fakeidp.UserAdmin)
	w.s.Authority += "/"
	w.restart()
	require.True(t, b.signedIn(), "a slash behind AUTHORITY changes nothing")
}

// A person whose tenant was removed from ALLOWED_TENANTS is signed out. Other people
// stay signed in.
func TestATenantThatIsTakenOffTheListIsOut(t *testing.T) {
	w := newWorld(t, map[string]string{
		"AUTHORITY": "common", "ALLOWED_TENANTS": fakeidp.ContosoTenantID + "," + fakeidp.FabrikamTenantID, "SESSION_KEY": someKey,
	})
	theirs, ours := w.browser(), w.browser()
	theirs.mustSignIn(fakeidp.UserGuest)
	ours.mustSignIn(fakeidp.UserAdmin)
	w.s.AllowedTenants = []string{fakeidp.ContosoTenantID}
	w.restart()
	assert.True(t, ours.signedIn())
	w.store.SetFault(func(c portstest.StoreCall) error {
		if c.Method == "Find" {
			return nil
		}
		return errors.New("disk full")
	})
	assert.Equal(t, http.StatusUnauthorized, theirs.get("/sessions").StatusCode, "also where nothing can be written")
	w.store.SetFault(nil)
	assert.Equal(t, http.StatusUnauthorized, theirs.get("/sessions").StatusCode)
	assert.False(t, theirs.signedIn())
	assert.Contains(t, w.logs.String(), `by="no longer admitted"`)
}

// The real stores warn of connections that others can read.
func TestStoresThatCanBeListenedToAreHintedAt(t *testing.T) {
	for address, hinted := range map[string]bool{
		"redis://:S3cret@cache.example":                         true,
		"redis+cluster://cache.example":                         true,
		"redis+sentinel://cache.example/main":                   true,
		"postgres://me:S3cret@db.example/app?sslmode=require":   true,
		"postgresql://me:S3cret@db.example/app?sslmode=disable": true,
		"rediss://:S3cret@cache.example":                        false,
		"unix:///run/redis.sock":                                false,
		"redis://localhost":                                     false,
		"postgres://me:S3cret@db.example/app":                   false,
		"postgres://me:S3cret@localhost/app?sslmode=disable":    false,
		"postgres://me:S3cret@/app?host=/run/postgresql":        false,
		"sqlite:/tmp/sessions.db":                               false,
	} {
		if scheme, _, _ := strings.Cut(address, ":"); sessionStores()[scheme].open == nil {
			continue // the adapter has been removed
		}
		vars := map[string]string{
			"OIDC_AUTHORITY": "https://idp.example", "CLIENT_ID": "id", "CLIENT_SECRET": "secret",
			"SESSION_STORE": address, "SESSION_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
		}
		c, err := config.Load(func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, configOptions(false))
		require.NoError(t, err, address)
		var wrong []string
		for _, h := range c.Hints {
			if h.Name == "SESSION_STORE" {
				wrong = append(wrong, h.Wrong)
				assert.NotEmpty(t, h.Remedy)
				assert.NotContains(t, h.Wrong+h.Remedy, "S3cret")
				assert.NotContains(t, h.Wrong+h.Remedy, "example")
			}
		}
		assert.Equal(t, hinted, len(wrong) == 1, "%s: %v", address, wrong)
	}
}
