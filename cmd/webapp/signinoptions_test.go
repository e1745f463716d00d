package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/apptest"
)

// asked returns the parameters of the authorization request that begins at path.
func (b *browser) asked(path string, headers ...string) url.Values {
	b.w.t.Helper()
	r := b.get(path, headers...)
	require.Equal(b.w.t, http.StatusSeeOther, r.StatusCode, r.body)
	u, err := url.Parse(r.Header.Get("Location"))
	require.NoError(b.w.t, err)
	return u.Query()
}

func TestPromptAndDomainHintOfEachSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		env    map[string]string
		prompt []string
		domain []string
	}{
		"nothing set":     {nil, []string{"select_account"}, nil},
		"set to nothing":  {map[string]string{"SIGN_IN_PROMPT": ""}, nil, nil},
		"login":           {map[string]string{"SIGN_IN_PROMPT": "login"}, []string{"login"}, nil},
		"consent, domain": {map[string]string{"SIGN_IN_PROMPT": "consent", "DOMAIN_HINT": "contoso.com"}, []string{"consent"}, []string{"contoso.com"}},
		"domain":          {map[string]string{"DOMAIN_HINT": "contoso.com"}, []string{"select_account"}, []string{"contoso.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.env)
			asked := w.browser().asked("/login")
			assert.Equal(t, c.prompt, asked["prompt"])
			assert.Equal(t, c.domain, asked["domain_hint"])
			w.browser().mustSignIn(fakeidp.UserMember)
		})
	}
}

// The provider's page gets our page's language, for a sign-in and for a step-up.
func TestTheProvidersPageHasTheLanguageOfOurs(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	for accepted, want := range map[string]string{"de-AT,en;q=0.5": "de", "zh-CN": "zh-Hans", "": "en", "xx": "en"} {
		assert.Equal(t, []string{want}, b.asked("/login", "Accept-Language", accepted)["ui_locales"], accepted)
	}
	apptest.NeedsPage(t, "/call_api")
	b.mustSignIn(fakeidp.UserMember)
	w.idp.DemandClaims(`{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`)
	assert.Equal(t, []string{"de"}, b.asked("/call_api", "Accept-Language", "de")["ui_locales"])

	other := newWorld(t, map[string]string{"OIDC_AUTHORITY": fakeidp.ContosoTenantID})
	assert.NotContains(t, other.browser().asked("/login", "Accept-Language", "de"), "ui_locales")
}

// A step-up does not ask for the account, also if the token has no login_hint. If
// another person comes back, that person is signed in.
func TestAStepUpDoesNotAskWhichAccount(t *testing.T) {
	apptest.NeedsPage(t, "/call_api")
	for name, c := range map[string]struct {
		env  map[string]string
		hint string
	}{
		"Entra":   {map[string]string{"DOMAIN_HINT": "contoso.com"}, fakeidp.UserMember},
		"another": {map[string]string{"OIDC_AUTHORITY": fakeidp.ContosoTenantID}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.env)
			w.idp.Mutate(func(d *fakeidp.TokenDraft) { delete(d.Claims, "login_hint") })
			b := w.browser()
			b.mustSignIn(fakeidp.UserMember)
			before := b.copy()
			w.idp.DemandClaims(`{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`)
			location := b.begin("/call_api")
			u, err := url.Parse(location)
			require.NoError(t, err)
			asked := u.Query()
			assert.NotContains(t, asked, "prompt")
			assert.Equal(t, c.hint, asked.Get("login_hint"))
			assert.NotContains(t, asked, "domain_hint")

			r := b.callback(b.approve(location, fakeidp.UserAdmin))
			assert.Equal(t, "/call_api", r.Header.Get("Location"))
			assert.Contains(t, b.get("/").body, "Welcome Megan Bowen!")
			assert.False(t, before.signedIn(), "the session of the first person has ended")
		})
	}
}
