package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/cmd/webapp/config"
	"webapp/internal/adapters/fakeidp"
)

// newGuard starts the program with forward authentication. The test's own machine is
// the proxy.
func newGuard(t *testing.T) *world {
	t.Helper()
	needForwardAuth(t)
	return newWorld(t, map[string]string{"FORWARD_AUTH": "true", "TRUSTED_PROXIES": "127.0.0.0/8,::1/128"})
}

// needForwardAuth skips a test if the adapter has been removed.
func needForwardAuth(t *testing.T) {
	t.Helper()
	if _, listed := mounts(config.Config{})["/verify"]; !listed {
		t.Skip("forward authentication has been removed from the list mounts")
	}
}

// proxied returns the headers that a proxy sends for a person who opens a page.
func (w *world) proxied(uri string) []string {
	return []string{
		"X-Forwarded-Method", "GET", "X-Forwarded-Host", strings.TrimPrefix(w.url, "http://"), "X-Forwarded-Uri", uri,
		"Accept", "text/html,*/*;q=0.8", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate",
	}
}

// An anonymous person is sent to the sign-in and back to the page. Afterwards all
// requests pass until the sign-out.
func TestForwardAuthentication(t *testing.T) {
	w := newGuard(t)
	b := w.browser()
	refused := b.get("/verify", w.proxied("/reports?year=2026&all")...)
	require.Equal(t, http.StatusSeeOther, refused.StatusCode)
	assert.Empty(t, b.cookies())
	done := b.callback(b.approve(b.begin(refused.Header.Get("Location")), fakeidp.UserAdmin))
	require.Equal(t, http.StatusSeeOther, done.StatusCode)
	assert.Equal(t, "/reports?year=2026&all", done.Header.Get("Location"))

	counted := strings.Count(w.logs.String(), "level=INFO msg=request")
	passed := b.get("/verify?role=Admin&role=Other", w.proxied("/reports")...)
	assert.Equal(t, http.StatusNoContent, passed.StatusCode)
	assert.Equal(t, "Megan%20Bowen", passed.Header.Get("X-Auth-Request-Name"))
	assert.Equal(t, fakeidp.UserAdmin, passed.Header.Get("X-Auth-Request-Preferred-Username"))
	assert.Equal(t, "Admin", passed.Header.Get("X-Auth-Request-Roles"))
	assert.True(t, strings.HasPrefix(passed.Header.Get("X-Auth-Request-User"), "tid:"+fakeidp.ContosoTenantID+"%20oid:"))
	assert.Equal(t, counted, strings.Count(w.logs.String(), "level=INFO msg=request"), "the proxy has a log of its own")
	assert.Contains(t, w.logs.String(), "level=DEBUG msg=request")
	assert.Equal(t, http.StatusForbidden, b.get("/verify?role=Other", w.proxied("/reports")...).StatusCode)
	assert.Equal(t, counted+1, strings.Count(w.logs.String(), "level=INFO msg=request"))

	w.idp.Down()
	assert.Equal(t, http.StatusNoContent, b.get("/verify").StatusCode, "the provider is not asked")
	w.idp.Heal()
	assert.Equal(t, http.StatusSeeOther, b.do(http.MethodPost, "/logout", url.Values{}).StatusCode)
	assert.Equal(t, http.StatusUnauthorized, b.get("/verify").StatusCode)
}

func TestForwardAuthenticationIsASwitch(t *testing.T) {
	needForwardAuth(t)
	w := newWorld(t, nil)
	assert.Equal(t, http.StatusNotFound, w.browser().get("/verify").StatusCode)
	_, err := load(lookupIn(map[string]string{
		"AUTHORITY": "https://login.microsoftonline.com/" + fakeidp.ContosoTenantID, "CLIENT_ID": fakeidp.DefaultClientID, "CLIENT_SECRET": "S3cret~Value",
		"REDIRECT_URI": "http://localhost:3000/verify",
	}), false)
	assert.ErrorContains(t, err, "REDIRECT_URI has a path that this application uses")
}

// While the store is down, nobody passes and nobody is sent to a sign-in.
func TestForwardAuthenticationWhileTheStoreIsDown(t *testing.T) {
	w := newGuard(t)
	b := w.browser()
	b.mustSignIn(fakeidp.UserAdmin)
	cookies := b.cookies()
	w.store.SetDown(true)
	for _, query := range []string{"", "?role=Admin", "?role=Other", "?group=x"} {
		r := b.get("/verify"+query, w.proxied("/reports")...)
		assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, query)
		assert.NotEmpty(t, r.Header.Get("Retry-After"), query)
		assert.Empty(t, r.Header.Get("X-Auth-Request-User"), query)
	}
	assert.Equal(t, http.StatusSeeOther, w.browser().get("/verify", w.proxied("/reports")...).StatusCode, "no session, no question to the store")
	w.store.SetDown(false)
	assert.Equal(t, cookies, b.cookies())
	assert.Equal(t, http.StatusNoContent, b.get("/verify").StatusCode)
	assert.Contains(t, w.logs.String(), "session store unavailable")
}

// A token with too many groups: the directory is asked once, and its failure lets
// nobody pass.
func TestForwardAuthenticationByGroup(t *testing.T) {
	w := newGuard(t)
	b := w.browser()
	b.mustSignIn(fakeidp.UserManyGroups)
	r := b.get("/verify")
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	assert.Empty(t, r.Header.Get("X-Auth-Request-Groups"))
	assert.Equal(t, "false", r.Header.Get("X-Auth-Request-Groups-Complete"))
	assert.Zero(t, w.idp.Requests(fakeidp.EndpointMemberGroups))

	w.idp.Fail(fakeidp.EndpointMemberGroups, fakeidp.Fault{Status: http.StatusServiceUnavailable})
	const group = "b00051c2-4d2e-4b91-8c05-3fa9c0000000"
	r = b.get("/verify?group="+group, w.proxied("/")...)
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.NotEmpty(t, r.Header.Get("Retry-After"))
	w.idp.Heal()
	r = b.get("/verify?group=" + group)
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	assert.Equal(t, group, r.Header.Get("X-Auth-Request-Groups"))
	asked := w.idp.Requests(fakeidp.EndpointMemberGroups)
	assert.Equal(t, http.StatusForbidden, b.get("/verify?group="+fakeidp.ContosoTenantID).StatusCode)
	assert.Equal(t, asked, w.idp.Requests(fakeidp.EndpointMemberGroups), "the answer is kept")
}

// A request reads one record. A session's time of last use is written once a minute, and an expired session stays
// in the store until a page finds it.
func TestForwardAuthenticationWritesLikeAPage(t *testing.T) {
	w := newGuard(t)
	b := w.browser()
	b.mustSignIn(fakeidp.UserAdmin)
	w.store.Calls()
	for range 50 {
		require.Equal(t, http.StatusNoContent, b.get("/verify").StatusCode)
	}
	calls := w.store.Calls()
	assert.Zero(t, writes(calls))
	assert.Equal(t, 50, reads(calls), "one for each request")
	w.clock.Advance(6 * time.Minute)
	for range 50 {
		require.Equal(t, http.StatusNoContent, b.get("/verify").StatusCode)
	}
	assert.Equal(t, 1, writes(w.store.Calls()))
	w.clock.Advance(66 * time.Minute)
	r := b.get("/verify")
	assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
	assert.Empty(t, r.Header.Values("Set-Cookie"))
	assert.Zero(t, writes(w.store.Calls()))
}

// One client that has many requests in progress does not keep out another client of
// the same proxy.
func TestForwardAuthenticationIsBoundedForEachClient(t *testing.T) {
	w := newGuard(t)
	const greedy, modest = "198.51.100.7", "198.51.100.8"
	for range requestsAtOnce {
		w.slowRequest(greedy)
	}
	assert.Equal(t, http.StatusServiceUnavailable, w.browser().get("/verify", "X-Forwarded-For", greedy).StatusCode)
	assert.Equal(t, http.StatusUnauthorized, w.browser().get("/verify", "X-Forwarded-For", modest).StatusCode)
}
