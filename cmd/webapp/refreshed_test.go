package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
)

// callAfterRefresh waits until the access token expires and calls the API.
func (b *browser) callAfterRefresh(headers ...string) reply {
	b.w.t.Helper()
	b.w.clock.Advance(66 * time.Minute)
	return b.get("/call_api?page=2", headers...)
}

// longLived returns the variables for a session that lasts for several refreshes, also
// on another instance.
func longLived() map[string]string {
	return map[string]string{"SESSION_IDLE_TIMEOUT": "12h", "SESSION_KEY": someKey}
}

// Invariant 7: a removed role is gone after the next refresh, on every instance.
func TestARemovedRoleIsGoneAfterTheRefresh(t *testing.T) {
	w := newWorld(t, longLived())
	b := w.browser()
	b.mustSignIn(fakeidp.UserAdmin)
	require.Equal(t, http.StatusOK, b.get("/admin").StatusCode)

	w.idp.Mutate(func(d *fakeidp.TokenDraft) { d.OmitIDToken = d.GrantType == "refresh_token" })
	require.Equal(t, http.StatusOK, b.callAfterRefresh().StatusCode)
	assert.Equal(t, http.StatusOK, b.get("/admin").StatusCode, "an answer without an ID token changes nothing")

	w.idp.Mutate(func(d *fakeidp.TokenDraft) { delete(d.Claims, "roles") })
	require.Equal(t, http.StatusOK, b.callAfterRefresh().StatusCode)
	assert.Equal(t, http.StatusForbidden, b.get("/admin").StatusCode)
	w.restart()
	assert.Equal(t, http.StatusForbidden, b.get("/admin").StatusCode, "on another instance too")
	assert.True(t, b.signedIn())

	w.idp.Mutate(nil)
	require.Equal(t, http.StatusOK, b.callAfterRefresh().StatusCode)
	assert.Equal(t, http.StatusOK, b.get("/admin").StatusCode, "and a role that was given is there")
}

// If Entra reports during a page that the account is gone, the session ends. The page
// then has a sign-in link that returns to it.
func TestAnAccountThatIsGoneIsSignedOut(t *testing.T) {
	for name, c := range map[string]struct {
		number int
		gone   bool
	}{
		"disabled": {50057, true}, "revoked": {50173, true}, "deleted": {50034, true}, "not assigned": {50105, true},
		"sign-in frequency": {70043, false}, "expired": {700082, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, longLived())
			b := w.browser()
			b.mustSignIn(fakeidp.UserMember)
			w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Error: &fakeidp.Error{Number: c.number, Code: "invalid_grant"}})
			elsewhere := b.copy()
			w.restart()
			require.True(t, elsewhere.signedIn(), "another instance knows the session")
			r := b.callAfterRefresh()
			if !c.gone {
				assert.Equal(t, http.StatusSeeOther, r.StatusCode, "a sign-in begins")
				assert.True(t, b.signedIn())
				return
			}
			assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
			assert.Contains(t, r.body, "/login?return_to="+url.QueryEscape("/call_api?page=2"))
			assert.NotContains(t, r.body, `action="/logout"`)
			assert.False(t, b.signedIn())
			w.restart()
			assert.False(t, elsewhere.signedIn(), "on every instance")
			assert.Contains(t, w.logs.String(), `by="account gone"`)
			assert.Contains(t, w.logs.String(), "AADSTS", "the request's line keeps the number")
		})
	}
}

func TestAnAccountThatIsGoneIsAProblemForPrograms(t *testing.T) {
	w := newWorld(t, longLived())
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Error: &fakeidp.Error{Number: 50057, Code: "invalid_grant"}})
	r := b.callAfterRefresh("Accept", "application/json")
	assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
	assert.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
	assert.False(t, b.signedIn())
}

// If the provider refuses the metadata, the page, the log and /readyz say why.
func TestATenantThatDoesNotExistIsNoOutage(t *testing.T) {
	w := newWorld(t, map[string]string{"AUTHORITY": "99999999-8888-7777-6666-555555555555"})
	b := w.browser()
	ready := b.get("/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, ready.StatusCode)
	assert.Contains(t, ready.body, "AADSTS90002")
	assert.Contains(t, ready.body, "webapp doctor")
	home := b.get("/")
	assert.Equal(t, http.StatusOK, home.StatusCode)
	assert.Contains(t, home.body, "AADSTS90002")
	login := b.get("/login")
	assert.Equal(t, http.StatusServiceUnavailable, login.StatusCode)
	assert.Contains(t, login.body, "AADSTS90002")
	for _, page := range []reply{home, login} {
		assert.NotContains(t, page.body, "few minutes")
		assert.NotContains(t, page.body, "Wait a moment")
	}
	logged := false
	for line := range strings.Lines(w.logs.String()) {
		logged = logged || strings.Contains(line, "provider metadata not loaded") && strings.Contains(line, "AADSTS90002") && strings.Contains(line, "webapp doctor")
	}
	assert.True(t, logged, w.logs.String())
}

// If the directory refuses, the page names the permission, and the person stays signed
// in.
func TestTheDirectoryRefuses(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserManyGroups)
	w.idp.Fail(fakeidp.EndpointMemberGroups, fakeidp.Fault{Status: http.StatusForbidden,
		Body: `{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges to complete the operation."}}`})
	r := b.get("/groups")
	assert.Equal(t, http.StatusForbidden, r.StatusCode)
	for _, said := range []string{"GroupMember.Read.All", "Authorization_RequestDenied", `action="/logout"`} {
		assert.Contains(t, r.body, said)
	}
	assert.NotContains(t, r.body, "refused the sign-in")
	assert.True(t, b.signedIn())
}

// Forged logout tokens do not prevent a genuine one: it gets 503 with Retry-After and
// is not refused.
func TestALogoutTokenThatCannotBeJudgedIsPutOff(t *testing.T) {
	w := newWorld(t, longLived())
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	token := func(kid string) url.Values {
		now := w.clock.Now().Unix()
		draft := fakeidp.TokenDraft{
			Header: map[string]any{"typ": "logout+jwt"},
			Claims: map[string]any{
				"iss": w.idp.Issuer(fakeidp.ContosoTenantID), "aud": fakeidp.DefaultClientID, "iat": now, "exp": now + 600,
				"sid": claimOn(t, b, "sid"), "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
			},
		}
		if kid != "" {
			draft.Header["kid"] = kid
		}
		draft.Claims["jti"] = "logout " + kid
		signed, err := w.idp.Sign(draft)
		require.NoError(t, err)
		return url.Values{"logout_token": {signed}}
	}
	stranger := w.browser()
	assert.Equal(t, http.StatusBadRequest, stranger.do(http.MethodPost, "/backchannel-logout", token("unknown")).StatusCode, "the keys were loaded for it")
	w.idp.RotateKeys(fakeidp.DropOldKeys)
	genuine := token("")
	r := stranger.do(http.MethodPost, "/backchannel-logout", genuine)
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.NotEmpty(t, r.Header.Get("Retry-After"))
	assert.True(t, b.signedIn())
	w.clock.Advance(5 * time.Minute)
	assert.Equal(t, http.StatusOK, stranger.do(http.MethodPost, "/backchannel-logout", genuine).StatusCode)
	assert.False(t, b.signedIn())
}
