package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/apptest"
)

// step is the request of a person that makes the program ask somebody.
type step func(headers ...string) reply

// faultPlace is a call of the program to somebody else.
type faultPlace struct {
	name     string
	endpoint fakeidp.Endpoint
	// most is how often one step may ask there.
	most int
	// lead brings a person to the step that asks there.
	lead func(b *browser) step
	// repeat: the step can be taken again as it is. One that is a callback
	// cannot: its state is spent.
	repeat bool
	// signedIn: the person is, before the step and whatever comes of it.
	signedIn bool
	// atAPI: an API fails and not the provider, which is another story to tell.
	atAPI bool
}

// faultPlaces are all of them.
func faultPlaces() []faultPlace {
	return []faultPlace{
		{name: "discovery", endpoint: fakeidp.EndpointMetadata, most: 2, lead: leadToLogin, repeat: true},
		{name: "discovery at the callback", endpoint: fakeidp.EndpointMetadata, most: 2, lead: leadToCallbackAfterStart},
		{name: "keys", endpoint: fakeidp.EndpointKeys, most: 2, lead: leadToCallbackAfterStart},
		{name: "token for a code", endpoint: fakeidp.EndpointToken, most: 1, lead: leadToCallback},
		{name: "token by refresh", endpoint: fakeidp.EndpointToken, most: 2, lead: leadToRefresh, repeat: true, signedIn: true},
		{name: "API", endpoint: fakeidp.EndpointMe, most: 1, lead: leadToAPI, repeat: true, signedIn: true, atAPI: true},
	}
}

// leadToLogin is the first sign-in after a start.
func leadToLogin(b *browser) step {
	b.w.restart()
	return func(headers ...string) reply { return b.get("/login?return_to=/call_api", headers...) }
}

func leadToCallback(b *browser) step {
	answer := b.approve(b.begin("/login?return_to=/call_api"), fakeidp.UserMember)
	return func(headers ...string) reply { return b.get(answer.URL(), headers...) }
}

// leadToCallbackAfterStart lets the program start while the person is at the
// provider: what it knew is forgotten.
func leadToCallbackAfterStart(b *browser) step {
	back := leadToCallback(b)
	b.w.restart()
	return back
}

func leadToAPI(b *browser) step {
	apptest.NeedsPage(b.w.t, "/call_api")
	b.mustSignIn(fakeidp.UserMember)
	return func(headers ...string) reply { return b.get("/call_api", headers...) }
}

// leadToRefresh lets the access token end.
func leadToRefresh(b *browser) step {
	ask := leadToAPI(b)
	b.w.clock.advance(66 * time.Minute)
	return ask
}

// checkSuccess judges the answer of a step where nothing fails.
func (p faultPlace) checkSuccess(b *browser, r reply) {
	t := b.w.t
	switch {
	case p.signedIn:
		assert.Equal(t, http.StatusOK, r.StatusCode, r.body)
		assert.Contains(t, r.body, "userPrincipalName")
	case p.repeat:
		assert.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
		assert.True(t, strings.HasPrefix(r.Header.Get("Location"), b.w.idp.BaseURL()))
	default:
		assert.Equal(t, http.StatusSeeOther, r.StatusCode, r.body)
		assert.Equal(t, "/call_api", r.Header.Get("Location"))
	}
}

// checkFailure judges the page that tells the person.
func (p faultPlace) checkFailure(b *browser, k faultKind, r reply) {
	t := b.w.t
	assert.Regexp(t, `<a [^>]*href="/`, r.body, "a way on")
	if p.signedIn {
		assert.Empty(t, r.Cookies(), "no cookie is taken away")
	}
	if p.atAPI {
		assert.Equal(t, k.apiStatus, r.StatusCode, r.body)
		assert.Contains(t, r.body, k.apiSays)
		assert.NotContains(t, r.body, portal, "what an API says is text and no page")
		return
	}
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, r.body)
	assert.Equal(t, "10", r.Header.Get("Retry-After"))
	assert.Contains(t, r.body, "The sign-in service cannot be reached")
	assert.Contains(t, r.body, "Users who are already signed in stay signed in")
	assert.Contains(t, r.body, `href="/login`, "signing in again is offered")
}

// checkProblem judges what a program is told.
func (p faultPlace) checkProblem(b *browser, r reply) {
	t := b.w.t
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, r.body)
	assert.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
	assert.Equal(t, "10", r.Header.Get("Retry-After"))
	assert.Contains(t, r.body, `"status":503`)
}
