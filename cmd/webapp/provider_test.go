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

// Invariant 10: the application starts while the provider is down, and sign-ins work
// when the provider is up.
func TestProviderDownAtTheStart(t *testing.T) {
	w := newWorld(t, nil)
	w.idp.Down()
	b := w.browser()
	assert.Equal(t, http.StatusServiceUnavailable, b.get("/readyz").StatusCode)
	home := b.get("/")
	assert.Equal(t, http.StatusOK, home.StatusCode)
	assert.Contains(t, home.body, "cannot be reached")
	login := b.get("/login?return_to=/call_api")
	assert.Equal(t, http.StatusServiceUnavailable, login.StatusCode)
	assert.NotEmpty(t, login.Header.Get("Retry-After"))
	w.idp.Up()
	w.clock.Advance(time.Minute)
	assert.Equal(t, http.StatusOK, b.get("/readyz").StatusCode)
	b.mustSignIn(fakeidp.UserMember)
}

func TestProviderErrorsBecomePages(t *testing.T) {
	for name, c := range map[string]struct {
		error  fakeidp.Error
		status int
		text   string
	}{
		"declined":             {fakeidp.Error{Number: 65004, Code: "access_denied"}, http.StatusForbidden, "Sign-in was cancelled"},
		"user not assigned":    {fakeidp.Error{Number: 50105, Code: "invalid_grant"}, http.StatusForbidden, "You do not have access to this application"},
		"interaction required": {fakeidp.Error{Number: 50076, Code: "interaction_required"}, http.StatusForbidden, "sign in again"},
		"server error":         {fakeidp.Error{Number: 90033, Code: "server_error"}, http.StatusServiceUnavailable, "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			b := w.browser()
			location := b.begin("/login?return_to=/call_api")
			w.idp.Fail(fakeidp.EndpointAuthorize, fakeidp.Fault{Times: 1, Error: &c.error})
			r := b.callback(b.approve(location, fakeidp.UserMember))
			assert.Equal(t, c.status, r.StatusCode)
			assert.Contains(t, r.body, c.text)
			assert.Contains(t, r.body, "Correlation ID")
			assert.Contains(t, r.body, `/login?return_to=%2Fcall_api`, "the way on leads to where the person wanted to go")
			assert.Zero(t, w.idp.Requests(fakeidp.EndpointToken))
			b.mustSignIn(fakeidp.UserMember)
		})
	}
}

func TestTokenEndpointErrorsBecomePages(t *testing.T) {
	for name, c := range map[string]struct {
		fault  fakeidp.Fault
		status int
		text   string
	}{
		"wrong secret": {fakeidp.Fault{Error: &fakeidp.Error{Number: 7000215, Code: "invalid_client"}}, http.StatusForbidden, "AADSTS7000215"},
		"code used":    {fakeidp.Fault{Error: &fakeidp.Error{Number: 54005, Code: "invalid_grant"}}, http.StatusForbidden, "AADSTS54005"},
		"500":          {fakeidp.Fault{Status: http.StatusInternalServerError}, http.StatusServiceUnavailable, "cannot be reached"},
		"429":          {fakeidp.Fault{Status: http.StatusTooManyRequests, RetryAfter: "30"}, http.StatusServiceUnavailable, "cannot be reached"},
		"cut":          {fakeidp.Fault{Cut: true}, http.StatusServiceUnavailable, "cannot be reached"},
		"huge":         {fakeidp.Fault{Status: http.StatusOK, Size: 50 << 20}, http.StatusServiceUnavailable, "cannot be reached"},
		"bomb":         {fakeidp.Fault{Status: http.StatusOK, Size: 50 << 20, Gzip: true}, http.StatusServiceUnavailable, "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			b := w.browser()
			c.fault.Times = 1
			location := b.begin("/login")
			w.idp.Fail(fakeidp.EndpointToken, c.fault)
			r := b.callback(b.approve(location, fakeidp.UserMember))
			assert.Equal(t, c.status, r.StatusCode, r.body)
			assert.Contains(t, r.body, c.text)
			assert.Equal(t, 1, w.idp.Requests(fakeidp.EndpointToken), "a code is never posted twice")
			b.mustSignIn(fakeidp.UserMember)
		})
	}
}

func TestFormPostFinishesWithoutTheSessionCookie(t *testing.T) {
	w := newWorld(t, map[string]string{"RESPONSE_MODE": "form_post"})
	b := w.browser()
	answer := b.approve(b.begin("/login"), fakeidp.UserMember)
	require.True(t, answer.FormPost)
	assert.Equal(t, http.StatusMethodNotAllowed, b.get(w.url+"/getAToken?"+answer.Values.Encode()).StatusCode)
	inURL := b.do(http.MethodPost, "/getAToken?"+answer.Values.Encode(), url.Values{})
	assert.Equal(t, http.StatusBadRequest, inURL.StatusCode, "a form_post answer has nothing in its URL")
	inBoth := b.do(http.MethodPost, "/getAToken?code=another", answer.Values)
	assert.Equal(t, http.StatusBadRequest, inBoth.StatusCode, "not even beside a whole answer")
	r := b.callback(answer)
	require.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
	assert.True(t, b.signedIn())
	for _, c := range r.Cookies() {
		assert.True(t, c.Secure && c.HttpOnly && c.Path == "/", c.Name)
		assert.Regexp(t, "^__Host-", c.Name)
	}
	tooLarge := b.do(http.MethodPost, "/getAToken", url.Values{"code": {string(make([]byte, 80<<10))}})
	assert.Equal(t, http.StatusRequestEntityTooLarge, tooLarge.StatusCode)
}

func TestAPITroubleIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		fault  fakeidp.Fault
		status int
		text   string
	}{
		"forbidden": {fakeidp.Fault{Status: http.StatusForbidden, Body: `{"error":{"code":"x"}}`}, http.StatusOK, "does not allow this"},
		"down":      {fakeidp.Fault{Cut: true}, http.StatusBadGateway, "did not respond"},
		"huge":      {fakeidp.Fault{Status: http.StatusOK, Size: 5 << 20}, http.StatusOK, "beginning"},
		"script":    {fakeidp.Fault{Status: http.StatusOK, Body: "<script>alert(1)</script>"}, http.StatusOK, "&lt;script&gt;"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			b := w.browser()
			b.mustSignIn(fakeidp.UserMember)
			w.idp.Fail(fakeidp.EndpointMe, c.fault)
			r := b.get("/call_api")
			assert.Equal(t, c.status, r.StatusCode)
			assert.Contains(t, r.body, c.text)
			w.idp.Heal()
			assert.Contains(t, b.get("/call_api").body, "userPrincipalName")
		})
	}
}

func TestAccessTokenIsRefreshedBeforeItEnds(t *testing.T) {
	w := newWorld(t, nil)
	b := w.browser()
	b.mustSignIn(fakeidp.UserMember)
	for range 3 {
		w.clock.Advance(57 * time.Minute)
		require.True(t, b.signedIn())
		assert.Contains(t, b.get("/call_api").body, "userPrincipalName")
	}
	assert.Equal(t, 4, w.idp.Requests(fakeidp.EndpointToken))
	w.idp.Fail(fakeidp.EndpointToken, fakeidp.Fault{Times: 1, Error: &fakeidp.Error{Number: 700082, Code: "invalid_grant"}})
	w.clock.Advance(57 * time.Minute)
	r := b.get("/call_api")
	assert.Equal(t, http.StatusSeeOther, r.StatusCode, "only the person can go on")
	assert.True(t, b.signedIn(), "a failed refresh loses no session")
	assert.Equal(t, "/call_api", b.callback(b.approve(r.Header.Get("Location"), fakeidp.UserMember)).Header.Get("Location"))
	assert.Contains(t, b.get("/call_api").body, "userPrincipalName")
	w.idp.RevokeRefreshTokens()
	w.clock.Advance(57 * time.Minute)
	r = b.get("/call_api")
	assert.Equal(t, http.StatusUnauthorized, r.StatusCode, "Entra says that the grant is gone (AADSTS50173)")
	assert.Contains(t, r.body, "/login?return_to=%2Fcall_api")
	assert.False(t, b.signedIn(), "the session ended with the grant")
	assert.Equal(t, "/call_api", b.callback(b.approve(b.begin("/login?return_to=/call_api"), fakeidp.UserMember)).Header.Get("Location"))
	assert.Contains(t, b.get("/call_api").body, "userPrincipalName")
}

// Invariant 12: a form that cannot be parsed is not in the log, not even in part.
func TestAnUnreadableFormIsNotQuoted(t *testing.T) {
	w := newWorld(t, map[string]string{"RESPONSE_MODE": "form_post"})
	req, err := http.NewRequest(http.MethodPost, w.url+"/getAToken", strings.NewReader("state=s&code=%zz"))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := w.browser().client.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusBadRequest, res.StatusCode)
	assert.Contains(t, w.logs.String(), "unreadable form")
	assert.NotContains(t, w.logs.String(), "%zz")
}
