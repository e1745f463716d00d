package main

import (
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/providerhttp"
	"webapp/internal/test/apptest"
)

func pushedRequests(c *fakeidp.Config) { c.PushedRequests = true }
func requiredPushes(c *fakeidp.Config) { c.RequirePushedRequests = true }

func TestSignInsArePushed(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"query": {"METRICS_ADDR": "127.0.0.1:0"}, "form_post": {"RESPONSE_MODE": "form_post", "METRICS_ADDR": "127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, env, requiredPushes)
			b := w.browser()
			location, err := url.Parse(b.begin("/login"))
			require.NoError(t, err)
			assert.Len(t, location.Query(), 2)
			assert.Equal(t, fakeidp.DefaultClientID, location.Query().Get("client_id"))
			require.Equal(t, http.StatusSeeOther, b.callback(b.approve(location.String(), fakeidp.UserMember)).StatusCode)
			assert.True(t, b.signedIn())
			assert.Contains(t, w.scrape(), `webapp_provider_call_duration_seconds_count{endpoint="par",outcome="2xx"} 1`)
			for _, secret := range []string{location.Query().Get("request_uri"), fakeidp.DefaultClientSecret} {
				assert.NotContains(t, w.logs.String(), secret)
			}
		})
	}
	off := newWorld(t, map[string]string{"PUSHED_AUTHORIZATION_REQUESTS": "off"}, pushedRequests)
	off.browser().mustSignIn(fakeidp.UserMember)
	assert.Zero(t, off.idp.Requests(fakeidp.EndpointPushed))
}

// If a push fails, the sign-in fails: the person sees a page with a link to try again,
// the log has the cause, no sign-in is pending, and the request is not sent in the URL
// instead.
func TestAPushThatFailsIsAFailedSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		fault  fakeidp.Fault
		status int
		text   string
		logged string
	}{
		"refused":      {fakeidp.Fault{Error: &fakeidp.Error{Number: 50011}}, http.StatusForbidden, "AADSTS50011", "AADSTS50011"},
		"wrong secret": {fakeidp.Fault{Error: &fakeidp.Error{Number: 7000215}}, http.StatusForbidden, "AADSTS7000215", "invalid_client"},
		"failed":       {fakeidp.Fault{Status: 503}, http.StatusServiceUnavailable, "cannot be reached", "status 503"},
		"cut":          {fakeidp.Fault{Cut: true}, http.StatusServiceUnavailable, "cannot be reached", "identity provider unavailable"},
		"HTML":         {fakeidp.Fault{Status: 200, Body: "<p>", ContentType: "text/html"}, http.StatusServiceUnavailable, "cannot be reached", "not a JSON object"},
		"huge":         {fakeidp.Fault{Status: 201, Size: 50 << 20, Gzip: true}, http.StatusServiceUnavailable, "cannot be reached", "too large"},
		"a redirect":   {fakeidp.Fault{Status: 302, Location: "/"}, http.StatusServiceUnavailable, "cannot be reached", "status 302"},
		"no URI":       {fakeidp.Fault{Status: 201, Body: `{"expires_in":60}`}, http.StatusServiceUnavailable, "cannot be reached", "no request_uri"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil, pushedRequests)
			b := w.browser()
			w.idp.Fail(fakeidp.EndpointPushed, c.fault)
			r := b.get("/login?return_to=/sessions")
			assert.Equal(t, c.status, r.StatusCode)
			assert.Empty(t, r.Header.Get("Location"))
			assert.Contains(t, r.body, c.text)
			assert.Contains(t, r.body, `/login?return_to=%2Fsessions`)
			assert.Empty(t, b.cookies())
			assert.Contains(t, w.logs.String(), "pushed authorization request: ")
			assert.Contains(t, w.logs.String(), c.logged)
			assert.Equal(t, c.status, b.get("/login", "Accept", "application/json").StatusCode)
			assert.Equal(t, 2, w.idp.Requests(fakeidp.EndpointPushed), "each request once")
			w.idp.Heal()
			b.mustSignIn(fakeidp.UserMember)
		})
	}
}

// If the provider requires pushed requests and they are off, nobody can sign in, and
// the administrator learns why.
func TestPushingIsOffWhereItIsRequired(t *testing.T) {
	w := newWorld(t, map[string]string{"PUSHED_AUTHORIZATION_REQUESTS": "off"}, requiredPushes)
	b := w.browser()
	r := b.get("/login")
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	assert.Empty(t, r.Header.Get("Location"))
	assert.Contains(t, r.body, "Sign-in is not set up correctly")
	assert.NotContains(t, r.body, "PUSHED_AUTHORIZATION_REQUESTS", "users cannot change it")
	assert.Contains(t, w.logs.String(), "PUSHED_AUTHORIZATION_REQUESTS is off")
	assert.Equal(t, http.StatusServiceUnavailable, b.get("/readyz").StatusCode)
	assert.Equal(t, http.StatusOK, b.get("/healthz").StatusCode)
	assert.Contains(t, b.get("/").body, "not set up correctly")
}

// pushesAMinute is how many pushed sign-ins one address may begin in a minute.
const pushesAMinute = 600

// The pushed requests of each address are limited, for anonymous and for signed-in
// people.
func TestPushesAreBoundedForEachAddress(t *testing.T) {
	apptest.NeedsPage(t, "/call_api")
	w := newWorld(t, everyProxy(), pushedRequests)
	member := w.browser()
	member.mustSignIn(fakeidp.UserMember)
	w.idp.DemandClaims(`{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`)
	begin := w.beginsFrom("198.51.100.7")
	stepUp := func() reply { return member.get("/call_api", "X-Forwarded-For", "198.51.100.7") }
	for i := range pushesAMinute - 1 {
		require.Equal(t, http.StatusSeeOther, begin().StatusCode, "sign-in %d", i)
	}
	require.Equal(t, http.StatusSeeOther, stepUp().StatusCode)
	before := w.idp.Requests(fakeidp.EndpointPushed)
	for _, ask := range []func() reply{begin, stepUp} {
		r := ask()
		assert.Equal(t, http.StatusTooManyRequests, r.StatusCode)
		assert.NotEmpty(t, r.Header.Get("Retry-After"))
		assert.Contains(t, r.body, "Too many sign-ins at once")
	}
	assert.Equal(t, before, w.idp.Requests(fakeidp.EndpointPushed))
	assert.True(t, w.begins("198.51.100.8", "198.51.100.9"), "another address has its own")
	assert.Equal(t, http.StatusOK, member.get("/", "X-Forwarded-For", "198.51.100.7").StatusCode)
	w.clock.Advance(time.Minute)
	for range 60 {
		require.Equal(t, http.StatusSeeOther, begin().StatusCode)
	}
}

// While the endpoint hangs and as many requests as allowed wait for it, sign-ins
// complete and the API is called.
func TestPushesTakeNoPlacesOfOthers(t *testing.T) {
	apptest.NeedsPage(t, "/call_api")
	const strangers = 2*providerhttp.MaxPushes + 20
	w := newWorld(t, nil, pushedRequests)
	member, late := w.browser(), w.browser()
	member.mustSignIn(fakeidp.UserMember)
	w.clock.Advance(50 * time.Minute) // the access token is about to expire
	answer := late.approve(late.begin("/login"), fakeidp.UserAdmin)
	before := w.idp.Requests(fakeidp.EndpointPushed)
	w.idp.Fail(fakeidp.EndpointPushed, fakeidp.Fault{Hang: true})

	statuses := make(chan int, strangers)
	var all sync.WaitGroup
	for range strangers {
		b := w.browser()
		all.Go(func() { statuses <- b.get("/login").StatusCode })
	}
	require.Eventually(t, func() bool { return w.idp.Requests(fakeidp.EndpointPushed)-before == providerhttp.MaxPushes }, 10*time.Second, 5*time.Millisecond)
	for range strangers - 2*providerhttp.MaxPushes {
		assert.Equal(t, http.StatusServiceUnavailable, <-statuses, "those who find no place to wait are told at once")
	}
	tokens := w.idp.Requests(fakeidp.EndpointToken)
	assert.Equal(t, http.StatusSeeOther, late.callback(answer).StatusCode)
	assert.Equal(t, http.StatusOK, member.get("/call_api").StatusCode)
	assert.Greater(t, w.idp.Requests(fakeidp.EndpointToken), tokens)
	assert.Equal(t, providerhttp.MaxPushes, w.idp.Requests(fakeidp.EndpointPushed)-before)
	w.idp.Heal()
	all.Wait()
}
