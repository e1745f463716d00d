package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"

	"webapp/internal/adapters/fakeidp"
	"webapp/internal/test/apptest"
)

// step is a person's request that makes the program call another server.
type step func(headers ...string) reply

// faultPlace is a call of the program to another server.
type faultPlace struct {
	name     string
	endpoint fakeidp.Endpoint
	// most is the largest number of calls in one step.
	most int
	// prepare brings a person to the step that makes the call.
	prepare func(b *browser) step
	// repeat means that the same request can be sent again. A callback cannot, because
	// its state is spent.
	repeat bool
	// signedIn means that the person is signed in before and after the step.
	signedIn bool
	// provider changes the demo provider; nil leaves it as it is.
	provider func(*fakeidp.Config)
	// atAPI means that an API fails and not the provider. The page then has another
	// text.
	atAPI bool
}

func faultPlaces() []faultPlace {
	return []faultPlace{
		{name: "discovery", endpoint: fakeidp.EndpointMetadata, most: 2, prepare: toLogin, repeat: true},
		{name: "discovery at the callback", endpoint: fakeidp.EndpointMetadata, most: 2, prepare: toCallbackAfterStart},
		{name: "pushed request", endpoint: fakeidp.EndpointPushed, most: 1, prepare: toPush, repeat: true, provider: pushedRequests},
		{name: "keys", endpoint: fakeidp.EndpointKeys, most: 2, prepare: toCallbackAfterStart},
		{name: "token for a code", endpoint: fakeidp.EndpointToken, most: 1, prepare: toCallback},
		{name: "token by refresh", endpoint: fakeidp.EndpointToken, most: 2, prepare: toRefresh, repeat: true, signedIn: true},
		{name: "API", endpoint: fakeidp.EndpointMe, most: 1, prepare: toAPI, repeat: true, signedIn: true, atAPI: true},
	}
}

// toLogin begins the first sign-in after a start.
func toLogin(b *browser) step {
	b.w.restart()
	return func(headers ...string) reply { return b.get("/login?return_to=/call_api", headers...) }
}

func toPush(b *browser) step {
	return func(headers ...string) reply { return b.get("/login?return_to=/call_api", headers...) }
}

func toCallback(b *browser) step {
	answer := b.approve(b.begin("/login?return_to=/call_api"), fakeidp.UserMember)
	return func(headers ...string) reply { return b.get(answer.URL(), headers...) }
}

// toCallbackAfterStart restarts the program while the person is at the provider, so
// that it has no metadata.
func toCallbackAfterStart(b *browser) step {
	back := toCallback(b)
	b.w.restart()
	return back
}

func toAPI(b *browser) step {
	apptest.NeedsPage(b.w.t, "/call_api")
	b.mustSignIn(fakeidp.UserMember)
	return func(headers ...string) reply { return b.get("/call_api", headers...) }
}

// toRefresh waits until the access token expires.
func toRefresh(b *browser) step {
	ask := toAPI(b)
	b.w.clock.Advance(66 * time.Minute)
	return ask
}

// checkSuccess checks the response if nothing fails.
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

// checkFailure checks the page after a failure.
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

// checkProblem checks the problem document after a failure.
func (p faultPlace) checkProblem(b *browser, r reply) {
	t := b.w.t
	assert.Equal(t, http.StatusServiceUnavailable, r.StatusCode, r.body)
	assert.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
	assert.Equal(t, "10", r.Header.Get("Retry-After"))
	assert.Contains(t, r.body, `"status":503`)
}

// faultKind is one way in which another server can fail.
type faultKind struct {
	name string
	// fault returns the fault of the endpoint. elsewhere is an address of another
	// server. If fault is nil, the whole provider is down.
	fault func(w *world, elsewhere string) fakeidp.Fault
	// endless means that the response never comes or never ends, so that a time limit
	// must end the call.
	endless bool
	// passing means that the second request succeeds.
	passing bool
	// apiStatus is the status of our page if the API fails. A response that cannot be
	// used is still shown.
	apiStatus int
	apiSays   string
}

// slow is the kind whose response is right but late.
const slow = "slow"

// slow reports whether the response is right but late.
func (k faultKind) slow() bool { return k.name == slow }

// waits reports whether the person has to wait.
func (k faultKind) waits() bool { return k.endless || k.slow() }

// rightAt reports whether the person gets the right page.
func (k faultKind) rightAt(p faultPlace) bool {
	return k.slow() || k.passing && !p.atAPI && p.most > 1
}

// always returns a fault that does not depend on the world.
func always(f fakeidp.Fault) func(*world, string) fakeidp.Fault {
	return func(*world, string) fakeidp.Fault { return f }
}

const (
	apiSilent  = "The API did not respond"
	apiTooMany = "too many requests"
	apiTrouble = "an internal problem"
	portal     = "<h1>Guest network: please sign in</h1>"
)

func faultKinds() []faultKind {
	return []faultKind{
		{"down", nil, false, false, 502, apiSilent},
		{"silent", always(fakeidp.Fault{Hang: true}), true, false, 504, apiSilent},
		{slow, always(fakeidp.Fault{Hang: true}), false, false, 200, "userPrincipalName"},
		{"dripping", always(fakeidp.Fault{Drip: 50 * time.Millisecond, Body: `{"`}), true, false, 504, apiSilent},
		{"huge", always(fakeidp.Fault{Size: 50 << 20}), false, false, 200, "beginning"},
		{"bomb", always(fakeidp.Fault{Size: 8 << 20, Gzip: true}), false, false, 200, "beginning"},
		{"huge in JSON", always(fakeidp.Fault{Body: `{"keys":[`, Size: 50 << 20}), false, false, 200, "beginning"},
		{"a page of HTML", always(fakeidp.Fault{Body: portal, ContentType: "text/html"}), false, false, 200, "&lt;h1&gt;Guest network"},
		{"another type", always(fakeidp.Fault{Body: "\x89PNG\x00\xff", ContentType: "image/png"}), false, false, 200, "PNG"},
		{"no JSON", always(fakeidp.Fault{Body: "upstream connect error"}), false, false, 200, "upstream connect error"},
		{"half of a JSON", always(fakeidp.Fault{Body: `{"issuer":"htt`}), false, false, 200, "issuer"},
		{"429", always(fakeidp.Fault{Status: http.StatusTooManyRequests}), false, false, 200, apiTooMany},
		{"429 for a second", always(fakeidp.Fault{Status: http.StatusTooManyRequests, RetryAfter: "1"}), false, false, 200, apiTooMany},
		{"429 for an hour", always(fakeidp.Fault{Status: http.StatusTooManyRequests, RetryAfter: "3600"}), false, false, 200, apiTooMany},
		{"429 until a date", untilDate, false, false, 200, apiTooMany},
		{"500 once", always(fakeidp.Fault{Status: http.StatusInternalServerError, Times: 1}), false, true, 200, apiTrouble},
		{"500", always(fakeidp.Fault{Status: http.StatusInternalServerError, Body: portal, ContentType: "text/html"}), false, false, 200, apiTrouble},
		{"503", always(fakeidp.Fault{Status: http.StatusServiceUnavailable, RetryAfter: "1"}), false, false, 200, apiTrouble},
		{"cut in the middle", always(fakeidp.Fault{Body: `{"issuer":"https://`, CutAfter: 12}), false, false, 502, apiSilent},
		{"redirect elsewhere", redirectElsewhere, false, false, 200, "Redirects are not followed"},
	}
}

// untilDate sends Retry-After with a date, one second ahead.
func untilDate(w *world, _ string) fakeidp.Fault {
	at := w.clock.Now().Add(time.Second).UTC().Format(http.TimeFormat)
	return fakeidp.Fault{Status: http.StatusTooManyRequests, RetryAfter: at}
}

func redirectElsewhere(_ *world, elsewhere string) fakeidp.Fault {
	return fakeidp.Fault{Status: http.StatusTemporaryRedirect, Location: elsewhere}
}
