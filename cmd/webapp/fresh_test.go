package main

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// stepUp begins the step-up of a page and returns the provider's URL.
func (b *browser) stepUp(path string) string {
	b.w.t.Helper()
	r := b.get(path)
	require.Equal(b.w.t, http.StatusSeeOther, r.StatusCode, r.body)
	return r.Header.Get("Location")
}

// A page that needs a recent sign-in, with each response mode, and with a restart while
// the person is at the provider.
func TestFreshPage(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"query":          {},
		"form_post":      {"RESPONSE_MODE": "form_post"},
		"OIDC_AUTHORITY": {"OIDC_AUTHORITY": fakeidp.ContosoTenantID},
		"common":         {"AUTHORITY": "common", "ALLOWED_TENANTS": fakeidp.ContosoTenantID},
	} {
		t.Run(name, func(t *testing.T) {
			env["SESSION_KEY"] = someKey // for the restart
			w := newWorld(t, env)
			b := w.browser()
			b.mustSignIn(fakeidp.UserMember)
			location := b.stepUp("/fresh?x=1")
			asked, err := url.Parse(location)
			require.NoError(t, err)
			assert.Equal(t, "300", asked.Query().Get("max_age"))
			assert.Contains(t, asked.Query().Get("claims"), `"id_token":{"auth_time":{"essential":true}}`)
			w.restart()
			back := b.callback(b.approve(location, fakeidp.UserMember))
			require.Equal(t, http.StatusSeeOther, back.StatusCode, back.body)
			assert.Equal(t, "/fresh?x=1", back.Header.Get("Location"))
			assert.Equal(t, http.StatusOK, b.get("/fresh?x=1").StatusCode)
			assert.Equal(t, http.StatusOK, b.get("/call_api").StatusCode, "the new session can call the API, too")

			w.clock.Advance(5*time.Minute + time.Second)
			again := b.stepUp("/fresh")
			w.idp.Mutate(func(d *fakeidp.TokenDraft) { delete(d.Claims, "auth_time") })
			w.restart()
			refused := b.callback(b.approve(again, fakeidp.UserMember))
			assert.Equal(t, http.StatusForbidden, refused.StatusCode)
			assert.Contains(t, refused.body, "auth_time")
			assert.True(t, b.signedIn(), "with the old session")
			assert.Equal(t, http.StatusOK, b.get("/call_api").StatusCode)
		})
	}
}

// Each wrong token of a step-up is refused with a page, without a redirect, and the
// session stays.
func TestFreshPageRefusesWrongTokens(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	at := func(d time.Duration) any { return w.clock.Now().Add(d).Unix() }
	for name, c := range map[string]struct {
		authTime any
		heading  string
	}{
		"null":                 {nil, "Your sign-in is not recent enough"},
		"zero":                 {0, "Your sign-in is not recent enough"},
		"an hour ago":          {at(-time.Hour), "Your sign-in is not recent enough"},
		"just beyond the skew": {at(-10*time.Minute - time.Second), "Your sign-in is not recent enough"},
		"in the future":        {at(5*time.Minute + time.Second), "The sign-in could not be verified"},
		"text":                 {"now", "The sign-in could not be verified"},
		"a list":               {[]int64{w.clock.Now().Unix()}, "The sign-in could not be verified"},
	} {
		location := b.stepUp("/fresh")
		w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.Claims["auth_time"] = c.authTime })
		refused := b.callback(b.approve(location, fakeidp.UserMember))
		w.idp.Mutate(nil)
		assert.Equal(t, http.StatusForbidden, refused.StatusCode, name)
		assert.Contains(t, refused.body, c.heading, name)
		assert.True(t, b.signedIn(), name)
	}
	back := b.callback(b.approve(b.stepUp("/fresh"), fakeidp.UserMember))
	assert.Equal(t, "/fresh", back.Header.Get("Location"))
	assert.Equal(t, http.StatusOK, b.get("/fresh").StatusCode)
}

// The clocks of the provider and of this machine may differ by minutes.
func TestFreshPageWithWrongClocks(t *testing.T) {
	for _, ahead := range []time.Duration{-4 * time.Minute, 4 * time.Minute} {
		w := newWorld(t, nil)
		w.wrongBy.Store(int64(ahead))
		b := w.browser()
		b.mustSignIn(fakeidp.UserMember)
		b.callback(b.approve(b.stepUp("/fresh"), fakeidp.UserMember))
		assert.Equal(t, http.StatusOK, b.get("/fresh").StatusCode, ahead)
	}
}

// A refresh does not make a sign-in recent. If another person comes back, that person
// is signed in.
func TestFreshPageAfterARefreshAndForSomebodyElse(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserAdmin)
	b.callback(b.approve(b.stepUp("/fresh"), fakeidp.UserAdmin))
	w.clock.Advance(58 * time.Minute)
	require.Equal(t, http.StatusOK, b.get("/call_api").StatusCode)
	require.Contains(t, w.logs.String(), "token refreshed")
	location := b.stepUp("/fresh")
	back := b.callback(b.approve(location, fakeidp.UserMember))
	require.Equal(t, "/fresh", back.Header.Get("Location"))
	assert.Equal(t, http.StatusOK, b.get("/fresh").StatusCode)
	assert.Contains(t, b.get("/").body, "Welcome Adele Vance!")
	assert.Equal(t, http.StatusForbidden, b.get("/admin").StatusCode, "the role was the other person's")
}

// An API's challenge (RFC 9470) leads to a sign-in with exactly these values.
func TestStepUpChallengeOfTheAPI(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	w.clock.Advance(2 * time.Minute)
	w.idp.DemandSignIn(fakeidp.Demand{ACR: "gold", MaxAge: new(time.Minute)})
	location := b.stepUp("/call_api?x=1")
	asked, err := url.Parse(location)
	require.NoError(t, err)
	assert.Equal(t, "gold", asked.Query().Get("acr_values"))
	assert.Equal(t, "60", asked.Query().Get("max_age"))
	assert.NotContains(t, asked.Query().Get("claims"), "auth_time")
	back := b.callback(b.approve(location, fakeidp.UserMember))
	assert.Equal(t, "/call_api?x=1", back.Header.Get("Location"))
	assert.Contains(t, b.get("/call_api?x=1").body, "Adele Vance")

	got := b.get("/fresh", "Accept", "application/json")
	assert.Equal(t, http.StatusUnauthorized, got.StatusCode)
	assert.Contains(t, got.body, `"error":"insufficient_user_authentication"`)
	assert.Empty(t, got.Header.Get("Location"))
}
